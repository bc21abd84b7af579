"""Kokoro-82M: one small model for several languages."""
