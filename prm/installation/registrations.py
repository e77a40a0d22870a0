"""What the settings tell the shared registries."""
