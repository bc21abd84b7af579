"""Azure Speech, fast transcription."""
