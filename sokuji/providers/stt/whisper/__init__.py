"""Whisper under CTranslate2, by way of faster-whisper."""
