"""One utterance through recognition, translation and synthesis, with fallback between providers."""
