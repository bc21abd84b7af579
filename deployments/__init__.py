"""One file, one Serve deployment: thin shells around the engine."""
