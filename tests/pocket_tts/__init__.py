"""The real network of Pocket TTS with small weights: `make test-pocket-tts`, in an environment of its own."""
