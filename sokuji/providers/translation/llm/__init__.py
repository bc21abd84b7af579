"""Translation by a language model: prompts, and the checks of the model's responses.

Shared by the providers ``openai`` and ``vllm``, which run the model.
"""
