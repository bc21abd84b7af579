"""Recognises the utterances of one recording, with the languages heard in it as the prior of detection."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial

from sokuji.contract import Transcript
from sokuji.errors import SokujiError
from sokuji.pipeline.detected_speech import DetectedSpeech
from sokuji.pipeline.heard_languages import NO_PRIOR, HeardLanguages
from sokuji.pipeline.pipeline import Pipeline

_FIRST_MS = 10_000
"""Speech at the begin of a recording whose longest utterance shows its language."""


class RecordingRecogniser:
    """Recognises the utterances of one recording, and owns the languages heard in it.

    Results come in order, and ``recognition`` takes what has been noted when it is called: the languages
    detected do not depend on how long any utterance takes.

    Args:
        possible: candidates of detection, as for ``HeardLanguages.prior``.
        gate: held while an utterance is recognised before its turn.
        word_times, context, diarize: as for ``interpret``.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        source: str | None,
        possible: Mapping[str, float],
        gate: AbstractAsyncContextManager[object],
        *,
        word_times: bool,
        context: str,
        diarize: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._possible = possible
        self._word_times = word_times
        self._context = context
        self._diarize = diarize
        self._gate = gate
        self._heard = HeardLanguages()
        self._early: tuple[DetectedSpeech, Transcript | SokujiError] | None = None
        """An utterance that was recognised before its turn, and what came of it."""

    async def prepared(self, detected: AsyncIterator[DetectedSpeech]) -> AsyncGenerator[DetectedSpeech, None]:
        """The same utterances; where the language is not known, the longest of the first is recognised first.

        It is the one whose language is the surest, and a recording may begin with a short answer.
        """
        first: list[DetectedSpeech] = []
        if self._source is None:
            async for speech in detected:
                first.append(speech)
                if sum(each.duration_ms for each in first) >= _FIRST_MS:
                    break
        if len(first) > 1:
            await self._recognise_early(max(first, key=lambda each: each.duration_ms))
        for speech in first:
            yield speech
        async for speech in detected:
            yield speech

    async def _recognise_early(self, speech: DetectedSpeech) -> None:
        outcome: Transcript | SokujiError
        try:
            async with self._gate:
                outcome = await self.recognition(speech)()
        except SokujiError as error:
            outcome = error
        else:
            self._hear(outcome, speech.duration_ms)
        self._early = speech, outcome

    def recognition(self, speech: DetectedSpeech) -> Callable[[], Awaitable[Transcript]]:
        """What recognises an utterance."""
        if self._early is not None and self._early[0] is speech:
            return partial(_known, self._early[1])
        prior = NO_PRIOR if self._source else self._heard.prior(self._possible)
        return partial(
            self._pipeline.recognise,
            speech.utterance.pcm,
            self._source,
            language_prior=prior,
            context=self._context,
            thorough=True,
            word_times=self._word_times,
            diarize=self._diarize,
        )

    def note(self, transcript: Transcript, duration_ms: int) -> None:
        """Remember the language of a transcript; they come in order."""
        if self._early is None or transcript is not self._early[1]:
            self._hear(transcript, duration_ms)

    def _hear(self, transcript: Transcript, duration_ms: int) -> None:
        if transcript.text:
            self._heard.add(transcript.language, duration_ms)


async def _known(outcome: Transcript | SokujiError) -> Transcript:
    if isinstance(outcome, SokujiError):
        raise outcome
    return outcome
