"""What this app tells the shared registries."""
