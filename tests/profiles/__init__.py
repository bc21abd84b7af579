"""Every profile, deployed."""
