"""Translates a text by a chat with a language model, which a provider runs.

The glossary is part of the prompt. If a term of it is missing in the translation, the model is called once
more with the missing terms as a requirement; if they are missing again, the request fails. A response that is
no translation is a failure too, so that the next provider translates the text.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from sokuji.contract import Pairs, TranslationRequest, TranslatorInfo
from sokuji.errors import ProviderFailed
from sokuji.languages import LANGUAGES
from sokuji.providers.translation.llm.prompt import Message, max_response_tokens, messages, missing_terms
from sokuji.providers.translation.llm.response_monitor import ResponseMonitor
from sokuji.text.punctuation import has_words

PAIRS = Pairs(tuple(LANGUAGES), tuple(LANGUAGES))
"""All pairs of known languages; how well a model translates one depends on the model."""

Generate = Callable[[list[Message], int], AsyncGenerator[str, None]]
"""Takes a chat and a token limit, and yields the parts of the model's response. It raises an error if the
response breaks off or reaches the limit."""


def translator_info(provider: str, model: str) -> TranslatorInfo:
    """What a translator with a language model can do."""
    return TranslatorInfo(
        provider=provider, model=model, pairs=PAIRS, takes_context=True, takes_glossary=True
    )


async def translate(request: TranslationRequest, generate: Generate, max_context: int | None = None) -> str:
    """The translation of a request that ``request_validation.check_request`` has accepted.

    Args:
        generate: runs the model.
        max_context: use only this many sentences of the context, the last ones; None: all.

    Raises:
        ProviderFailed: the response is not a translation, or does not use the glossary's terms.
        SokujiError: whatever ``generate`` raises.
    """
    if not has_words(request.text):
        return request.text
    if max_context is not None:
        begin = max(0, len(request.context) - max_context)
        request = replace(request, context=request.context[begin:])
    translation = await _complete(request, messages(request), generate)
    if missing := missing_terms(request, translation):
        translation = await _complete(request, messages(request, missing), generate)
        if missing_terms(request, translation):
            raise ProviderFailed("the model does not use the glossary's terms")
    return translation


async def _complete(request: TranslationRequest, chat: list[Message], generate: Generate) -> str:
    monitor = ResponseMonitor(request)
    async with aclosing(generate(chat, max_response_tokens(request))) as response:
        async for part in response:
            if not monitor.feed(part):
                break
    return monitor.result()
