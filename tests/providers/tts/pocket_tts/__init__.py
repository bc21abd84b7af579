"""Pocket TTS without its network: `make test-pocket-tts` runs the real one (tests/pocket_tts)."""
