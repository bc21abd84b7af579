"""The work behind the REST calls: from upload to samples, from recording to text, from text to voice.

Whoever cancels a call (Serve does when its client has left) ends all of this with it.
"""

import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import UploadFile
from starlette.concurrency import run_in_threadpool

from sokuji.api.bridge.responses import SegmentBody
from sokuji.api.service import Service
from sokuji.audio import decoding
from sokuji.audio.encoding import EncodedAudio, encode
from sokuji.audio.pcm import AudioBuffer
from sokuji.config import AudioFormat
from sokuji.contract import TranslatedText, Voice
from sokuji.errors import InvalidAudio, NoSpeech, TooLarge
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret


@dataclass(slots=True)
class RecognisedRecording:
    """What was said in a recording, utterance by utterance; at least one once it is read."""

    utterances: list[RecordedUtterance]

    @property
    def text(self) -> str:
        """All that was said."""
        return " ".join(each.transcript.text for each in self.utterances)

    @property
    def translation(self) -> str:
        """All of it translated."""
        return " ".join(each.text for each in self._translations if each.text)

    @property
    def _translations(self) -> list[TranslatedText]:
        return [each.translation for each in self.utterances if each.translation is not None]

    @property
    def recognisers(self) -> str | None:
        """Who recognised it."""
        return named(each.transcript.provider for each in self.utterances)

    @property
    def translators(self) -> str | None:
        """Who translated it."""
        return named(each.provider for each in self._translations)

    @property
    def language(self) -> str:
        """The language with most speech."""
        spoken_ms: Counter[str] = Counter()
        for each in self.utterances:
            spoken_ms[each.transcript.language] += each.end_ms - each.start_ms
        return spoken_ms.most_common(1)[0][0]

    @property
    def confidence(self) -> float | None:
        """Of the recogniser; None where it reports none."""
        return self._mean(lambda each: each.transcript.confidence)

    @property
    def score(self) -> float | None:
        """Of the translator; None where it reports none."""
        return self._mean(lambda each: each.translation.score if each.translation else None)

    @property
    def snr_db(self) -> float | None:
        """Signal-to-noise ratio; None where there was too little silence to tell."""
        return self._mean(lambda each: each.snr_db)

    def _mean(self, value: Callable[[RecordedUtterance], float | None]) -> float | None:
        """The mean of the values that are known, weighted by duration."""
        known = [
            (found, each.end_ms - each.start_ms)
            for each in self.utterances
            if (found := value(each)) is not None
        ]
        total_ms = sum(ms for _, ms in known)
        return round(sum(found * ms for found, ms in known) / total_ms, 4) if total_ms else None

    @property
    def segments(self) -> list[SegmentBody]:
        """The pieces of all transcripts, in milliseconds of the recording."""
        return [segment for each in self.utterances for segment in _segments(each)]


def named(providers: Iterable[str | None]) -> str | None:
    """Who gave an answer that several may have had a part in; None: nobody had to."""
    return ", ".join(dict.fromkeys(filter(None, providers))) or None


def _segments(utterance: RecordedUtterance) -> list[SegmentBody]:
    """An utterance for which the recogniser gave no pieces is one."""
    heard, start_ms = utterance.transcript, utterance.start_ms
    return [
        SegmentBody(text=piece.text, start_ms=start_ms + piece.start_ms, end_ms=start_ms + piece.end_ms)
        for piece in heard.segments
    ] or [SegmentBody(text=heard.text, start_ms=start_ms, end_ms=utterance.end_ms)]


async def listen(
    service: Service, upload: UploadFile, *, source: str | None, target: str | None = None
) -> AsyncGenerator[RecordedUtterance, None]:
    """The utterances of an uploaded recording, translated where ``target`` is given; at least one.

    Raises:
        InvalidAudio: empty, or in no format that can be decoded.
        TooLarge: longer than ``max_audio_s``.
        NoSpeech: nobody speaks in it.
    """
    pcm = await _decode(upload, service.settings.limits.max_audio_s)
    utterances = interpret(
        service.pipeline,
        pcm,
        source=source,
        target=target,
        segmentation=service.settings.segmentation,
        concurrency=service.settings.recording_concurrency,
        gate=service.recordings,
    )
    found = False
    async with aclosing(utterances):
        async for utterance in utterances:
            found = True
            yield utterance
    if not found:
        raise NoSpeech("nobody speaks in this recording", param="audio_file")


async def _decode(upload: UploadFile, max_seconds: float) -> bytes:
    if not upload.size:
        raise InvalidAudio(f"the file is empty; accepted: {decoding.FILE_FORMATS}", param="audio_file")
    # Not asyncio's own threads: those keep the live conversations going.
    return await run_in_threadpool(decoding.decode, upload.file, max_seconds=max_seconds)


async def speak(
    service: Service,
    text: str,
    language: str,
    voice_id: str,
    *,
    into: AudioBuffer,
    speed: float = 1.0,
    sample_rate: int | None = None,
) -> str | None:
    """Speak ``text`` and add it to a sound, whose rate becomes ``sample_rate`` or the voice's own.

    Returns:
        Who spoke; None: there was nothing to say.
    """
    if not text.strip():
        return None
    speakers: list[str | None] = []
    chunks = service.pipeline.speak(text, language, voice_id=voice_id, speed=speed, sample_rate=sample_rate)
    async with aclosing(chunks):
        async for chunk in chunks:
            into.add(chunk.pcm, chunk.sample_rate)
            speakers.append(chunk.provider)
    return named(speakers)


class Speaker(NamedTuple):
    """Who is to speak, and the sound that it becomes unless the request asks for another one."""

    voice: Voice
    sample_rate: int
    audio_format: AudioFormat

    async def file(self, sound: AudioBuffer) -> EncodedAudio:
        """The sound as it is sent."""
        # Encoding takes the longer the longer the sound is: not on the event loop.
        return await run_in_threadpool(encode, bytes(sound.pcm), sound.sample_rate, self.audio_format)


def speaker(
    service: Service,
    voice_id: str,
    language: str,
    speed: float = 1.0,
    *,
    sample_rate: int | None,
    audio_format: AudioFormat | None,
    param: str = "target_language",
) -> Speaker:
    """The voice asked for; rate and format, where they are not asked for, are those of its deployment.

    Raises:
        UnknownVoice, UnsupportedLanguage, InvalidRequest: as ``Catalogue.voices_for``.
    """
    catalogue = service.pipeline.catalogue
    member, voice = catalogue.voices_for(voice_id, language, speed, param=param)[0]
    return Speaker(voice, sample_rate or voice.sample_rate, audio_format or member.info.audio_format)


def check_length(service: Service, text: str, param: str = "text") -> None:
    """Refuse a text of more characters than ``max_text_chars``; ``param`` is the field that it came in.

    Raises:
        TooLarge: it is.
    """
    limit = service.settings.limits.max_text_chars
    if len(text) > limit:
        raise TooLarge(f"{param} has {len(text)} characters; at most {limit} are accepted", param=param)


def elapsed_ms(started: float) -> float:
    """Milliseconds since ``started``, a reading of ``time.perf_counter``."""
    return round(1_000 * (time.perf_counter() - started), 1)
