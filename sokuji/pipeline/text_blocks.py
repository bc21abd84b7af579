"""Translates several texts, or the parts of a document, a few at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from sokuji.contract import TranslatedText

CONCURRENCY = 4
"""Texts translated at the same time."""

TranslateText = Callable[[str], Awaitable[TranslatedText]]
T = TypeVar("T")


async def translate_all(texts: Sequence[str], translate: Callable[[str], Awaitable[T]]) -> list[T]:
    """What ``translate`` makes of each text, in order; the first failure cancels the others.

    Raises:
        SokujiError: a text could not be translated.
    """
    slots = asyncio.Semaphore(CONCURRENCY)

    async def translated(text: str) -> T:
        async with slots:
            return await translate(text)

    calls = [asyncio.ensure_future(translated(each)) for each in texts]
    try:
        return await asyncio.gather(*calls)
    finally:
        for each in calls:
            each.cancel()


async def translate_parts(parts: Iterable[tuple[str, bool]], translate: TranslateText) -> TranslatedText:
    """A document; the score is the lowest of all translations, the providers are all.

    Args:
        parts: text, and whether it is translated: otherwise it is copied. Together they are the document.

    Raises:
        SokujiError: a part could not be translated.
    """
    parts = list(parts)
    results = await translate_all([text for text, is_translated in parts if is_translated], translate)
    waiting = iter(results)
    document = "".join(next(waiting).text if is_translated else text for text, is_translated in parts)
    scores = [each.score for each in results if each.score is not None]
    providers = list(dict.fromkeys(each.provider for each in results if each.provider))
    return TranslatedText(
        text=document,
        score=min(scores) if results and len(scores) == len(results) else None,
        provider="+".join(providers) or None,
    )
