"""The real vLLM with a real, small model: `make test-llm`, in an environment of its own (docs/llm.md)."""
