"""Recognition that must find words: where one recogniser finds none in the speech, the others are asked."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from sokuji.config import ResilienceSettings
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import NotRecognised, SokujiError
from sokuji.pipeline.attempts import candidate, recognise
from sokuji.pipeline.fallback import call
from sokuji.pipeline.members import RecogniserMember
from sokuji.text.punctuation import has_words


async def find_words(
    recognisers: Sequence[RecogniserMember],
    request: RecognitionRequest,
    rules: ResilienceSettings,
    *,
    deadline_s: float,
) -> Transcript:
    """The transcript of the first recogniser that finds words; an interim one may be empty.

    Args:
        recognisers: in order of preference.
        rules, deadline_s: see ``fallback.call``; the others have a deadline of their own.

    Raises:
        NotRecognised: those that answered find no words. That the others fail is no reason to wait for them:
            most speech without words is noise, for which they would hold up all speech behind it.
        SokujiError: see ``fallback.call``; nobody answered.
    """
    if request.interim:
        # The transcript is soon superseded: a call to a fallback, which may cost money, is not worth it.
        preferred = (_admitting(recognisers) or recognisers)[:1]
        return await _transcribe(preferred, request, rules, deadline_s)
    transcript = await _transcribe(recognisers, request, rules, deadline_s)
    if has_words(transcript.text):
        return transcript
    others = [each for each in _admitting(recognisers) if each.info.provider != transcript.provider]
    if others:
        with suppress(SokujiError):
            transcript = await _transcribe(others, request, rules, deadline_s)
    if not has_words(transcript.text):
        raise NotRecognised("no words were recognised in the speech; speak louder or name its language")
    return transcript


def _admitting(recognisers: Sequence[RecogniserMember]) -> Sequence[RecogniserMember]:
    return [each for each in recognisers if each.breaker.admits]


async def _transcribe(
    recognisers: Sequence[RecogniserMember],
    request: RecognitionRequest,
    rules: ResilienceSettings,
    deadline_s: float,
) -> Transcript:
    return await call(
        [candidate(each, request, partial(recognise, each, request)) for each in recognisers],
        rules,
        deadline_s=deadline_s,
        stage="stt",
    )
