"""From an uploaded recording to its transcript and translation, for the REST doors.

Cancelling a call (Serve does so when its client has left) cancels everything that was begun for it.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

from fastapi import UploadFile
from starlette.concurrency import run_in_threadpool

from sokuji.access.principal import Principal
from sokuji.access.quotas import Resource
from sokuji.api.service import NO_PREFERENCE, Service
from sokuji.audio.media_formats import FILE_FORMATS
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.config import SegmentationSettings
from sokuji.contract import StageName, TranscriptSegment, TranslatedText, Word
from sokuji.errors import InvalidAudio, InvalidRequest, NoSpeech, NotRecognised
from sokuji.pipeline import recording_times
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech, interpret
from sokuji.pipeline.speaker_labels import SpeakerLabels
from sokuji.text.subtitles.cues import Cue
from sokuji.text.subtitles.formats import SubtitleFormat, subtitle_file

SubtitleText = Literal["source", "translation"]


@dataclass(slots=True)
class RecordingTranscript:
    """The utterances of one recording, in order, read as one text. Without utterances it has no language."""

    utterances: list[RecordedUtterance] = field(default_factory=list)
    unrecognised: list[UnrecognisedSpeech] = field(default_factory=list)

    def add(self, result: RecordedUtterance | UnrecognisedSpeech) -> None:
        """Append the next result of a recording."""
        if isinstance(result, RecordedUtterance):
            self.utterances.append(result)
        else:
            self.unrecognised.append(result)

    async def add_all(
        self, results: AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None]
    ) -> "RecordingTranscript":
        """Append all results of a recording, and close ``results``."""
        async with aclosing(results):
            async for result in results:
                self.add(result)
        return self

    @property
    def text(self) -> str:
        """The transcripts, joined."""
        return " ".join(each.transcript.text for each in self.utterances)

    @property
    def translation(self) -> str:
        """The translations, joined."""
        return " ".join(each.text for each in self._translations if each.text)

    @property
    def recognisers(self) -> list[str | None]:
        """The provider that recognised each utterance."""
        return [each.transcript.provider for each in self.utterances]

    @property
    def translators(self) -> list[str | None]:
        """The provider of each translation; None: none was needed."""
        return [each.provider for each in self._translations]

    @property
    def language(self) -> str:
        """The language with the most speech."""
        spoken_ms: Counter[str] = Counter()
        for each in self.utterances:
            spoken_ms[each.transcript.language] += each.end_ms - each.start_ms
        return spoken_ms.most_common(1)[0][0]

    @property
    def confidence(self) -> float | None:
        """The recogniser's, 0 to 1; None: it reports none."""
        return self._mean(lambda each: each.transcript.confidence)

    @property
    def score(self) -> float | None:
        """The translator's, 0 to 1; None: it reports none."""
        return self._mean(lambda each: each.translation.score if each.translation else None)

    @property
    def snr_db(self) -> float | None:
        """Signal-to-noise ratio in dB; None: there is too little silence to measure it."""
        return self._mean(lambda each: each.snr_db)

    @property
    def segments(self) -> list[TranscriptSegment]:
        """The segments of all transcripts, with times in milliseconds of the recording."""
        return [segment for each in self.utterances for segment in recording_times.segments(each)]

    @property
    def words(self) -> list[Word] | None:
        """The words, with times as ``segments``; None: the recogniser cannot time all of them."""
        timed = [recording_times.words(each) for each in self.utterances]
        return [word for words in timed for word in words] if all(timed) else None

    def cues(self, of: SubtitleText) -> list[Cue]:
        """Subtitles of the source or the translation."""
        if of == "source":
            return recording_times.source_cues(self.utterances)
        return recording_times.translation_cues(self.utterances)

    async def subtitles(self, of: SubtitleText, subtitle_format: SubtitleFormat) -> str:
        """A subtitle file of the source or the translation."""
        # Half a second of computation for ten minutes of speech: not on the event loop.
        return await run_in_threadpool(lambda: subtitle_file(self.cues(of), subtitle_format))

    @property
    def _translations(self) -> list[TranslatedText]:
        return [each.translation for each in self.utterances if each.translation is not None]

    def _mean(self, value: Callable[[RecordedUtterance], float | None]) -> float | None:
        """The mean of the values that are known, weighted by the durations of their utterances."""
        known = [
            (number, each.end_ms - each.start_ms)
            for each in self.utterances
            if (number := value(each)) is not None
        ]
        total_ms = sum(ms for _, ms in known)
        return round(sum(number * ms for number, ms in known) / total_ms, 4) if total_ms else None


async def transcribe_upload(
    service: Service,
    upload: UploadFile,
    *,
    client: Principal,
    source: str | None,
    candidates: Sequence[str] = (),
    target: str | None = None,
    word_times: bool = False,
    speakers: SpeakerLabels | None = None,
    param: str = "audio_file",
) -> AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None]:
    """Recognise an upload utterance by utterance; ``interpret`` explains the other arguments.

    Args:
        client, param: as for ``decode_upload``.

    Raises:
        InvalidAudio, TooLarge, Overloaded: as ``decode_upload``.
        NoSpeech: it contains no speech.
        NotRecognised: it contains speech, but no words were recognised in any of it.
    """
    results = transcribe_recording(
        service,
        await decode_upload(service, upload, client=client, param=param),
        source=source,
        candidates=candidates,
        target=target,
        word_times=word_times,
        speakers=speakers,
        param=param,
    )
    async with aclosing(results):
        async for result in results:
            yield result


async def transcribe_recording(
    service: Service,
    pcm: bytes,
    *,
    source: str | None,
    candidates: Sequence[str] = (),
    target: str | None = None,
    word_times: bool = False,
    context: str = "",
    segmentation: SegmentationSettings | None = None,
    providers: Mapping[StageName, str] = NO_PREFERENCE,
    speakers: SpeakerLabels | None = None,
    param: str,
) -> AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None]:
    """Recognise a decoded upload utterance by utterance; ``interpret`` explains the other arguments.

    Args:
        segmentation: None: that of the service.
        providers: those to call first, see ``ServedStages.preferring``.
        param: the request field of the upload, for errors.

    Raises:
        NoSpeech: it contains no speech.
        NotRecognised: it contains speech, but no words were recognised in any of it.
    """
    utterances = interpret(
        service.request_pipeline(providers),
        pcm,
        source=source,
        named=candidates,
        target=target,
        segmentation=segmentation or service.settings.segmentation,
        concurrency=service.settings.recording_concurrency,
        word_times=word_times,
        context=context,
        gate=service.recordings,
        speakers=speakers,
    )
    has_speech = has_words = False
    async with aclosing(utterances):
        async for utterance in utterances:
            has_speech, has_words = True, has_words or isinstance(utterance, RecordedUtterance)
            yield utterance
    if not has_speech:
        raise NoSpeech("the recording contains no speech", param=param)
    if not has_words:
        message = "no words were recognised in the speech of the recording; name its language if it is known"
        raise NotRecognised(message, param=param)


async def decode_upload(service: Service, upload: UploadFile, *, client: Principal, param: str) -> bytes:
    """An upload as mono PCM at ``RECOGNISER_RATE``.

    Args:
        client: its sender, who is charged for its audio.
        param: the request field of the upload, for errors.

    Raises:
        InvalidAudio: empty, or in no format that can be decoded.
        TooLarge: longer than ``max_audio_s``, or decoding takes more than it may.
        Overloaded: the machine is too busy to decode it in time.
        UsageExceeded: the client has not so much audio left.
    """
    if not upload.size:
        raise InvalidAudio(f"the file is empty; accepted: {FILE_FORMATS}", param=param)
    try:
        pcm = await service.uploads.decode(upload.file, name=upload.filename or "", client=client.address)
    except InvalidRequest as error:
        error.param = param
        raise
    await client.use(Resource.AUDIO, duration_ms(pcm, RECOGNISER_RATE))
    return pcm
