"""Whether a configuration fits a machine: memory, GPU shares, profiles and their recommendation."""
