"""OpenAI's transcription API, and servers that are compatible with it."""
