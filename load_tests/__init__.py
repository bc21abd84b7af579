"""Tools that put a running service under load and report what its users would feel."""
