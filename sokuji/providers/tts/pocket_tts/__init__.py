"""Pocket TTS: voices of Kyutai, computed frame by frame on CPUs."""
