"""A tiny NLLB that has learned a small phrase book, in the layouts in which the real ones are published."""
