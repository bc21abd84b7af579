"""A language model under vLLM."""
