"""Translation of speech by a recogniser, without a text in between: checked against the transcript."""

import dataclasses
import math

from sokuji.contract import RecognitionRequest, Transcript, TranslatedText
from sokuji.errors import ProviderFailed
from sokuji.pipeline.attempts import recognise
from sokuji.pipeline.members import RecogniserMember
from sokuji.text.protection.verification import lost_values
from sokuji.text.punctuation import has_words


async def translate_speech(
    member: RecogniserMember, request: RecognitionRequest, words: str, pair: tuple[str, str]
) -> Transcript:
    """One attempt at having speech translated by a recogniser.

    A translation that is empty, or lacks a number that was recognised, is asked for once more; the better one
    of the two is taken.

    Args:
        member: the recogniser.
        request: with the task "translate".
        words: the transcript of the speech.
        pair: the language of ``words`` and that of the translation.

    Raises:
        ProviderFailed: the translation is empty although words were recognised.
    """
    translation = await recognise(member, request)
    lost = _lost(words, translation, pair)
    if lost:
        second = await recognise(member, dataclasses.replace(request, once_more=True))
        if _lost(words, second, pair) < lost:
            translation = second
    if has_words(words) and not has_words(translation.text):
        raise ProviderFailed(f"{member.info.provider} returned an empty translation of recognised words")
    return translation


def _lost(words: str, translation: Transcript, pair: tuple[str, str]) -> float:
    """How much of the words is missing in their translation: everything, or some numbers and codes."""
    if has_words(words) and not has_words(translation.text):
        return math.inf
    return lost_values(words, translation.text, pair)


def chained(first: TranslatedText, second: TranslatedText) -> TranslatedText:
    """The result of two translations in sequence; its score is the product of both."""
    known = first.score is not None and second.score is not None
    score = (first.score or 0) * (second.score or 0) if known else None
    names = [each.provider for each in (first, second) if each.provider]
    return TranslatedText(text=second.text, score=score, provider="+".join(names) or None)
