"""Other speech recognition servers, measured beside this service with the same model and recordings."""
