"""Azure's neural voices."""
