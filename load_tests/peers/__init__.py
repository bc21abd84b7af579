"""Other speech recognition servers, measured beside our own with the same model and the same recordings."""
