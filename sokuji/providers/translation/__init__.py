"""Translation providers.

Shared: ``request_validation`` (all of them) and ``llm`` (the providers with a language model).
"""
