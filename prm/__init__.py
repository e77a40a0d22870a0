"""Partner relationship management: the shared ground of all apps."""
