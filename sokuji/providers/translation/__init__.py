"""Translation providers."""
