"""What every screen shares: template tags, components, messages."""
