"""DeepL's translation API."""
