"""Models for the tests of Pocket TTS: a small real one, and one that hums without PyTorch."""
