"""``sokuji.tts.TTSService``: texts in, speech out."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

from sokuji import languages
from sokuji.access.quotas import Resource
from sokuji.api.grpc.audio_chunks import SampleFormat, sample_format, samples_of
from sokuji.api.grpc.call import Call
from sokuji.api.grpc.methods import Method, report, streaming, unary
from sokuji.api.grpc.stage_reports import stage_methods
from sokuji.api.grpc.translation_service import check_text
from sokuji.audio.pcm import MAX_RATE, MIN_RATE, AudioBuffer
from sokuji.config.keys import KeyScope
from sokuji.errors import InvalidRequest, NotSupported
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.proto.common_pb2 import SynthesisResult
from sokuji.proto.tts_pb2 import LanguageListResponse, SynthesizeRequest, VoiceListResponse
from sokuji.proto.tts_pb2 import Voice as VoiceMessage
from sokuji.protocol import MAX_SPEED, MAX_VOICE_ID_CHARS, MIN_SPEED
from sokuji.text.language_identification import identify

SERVICE = "sokuji.tts.TTSService"
PARAMETERS = ("sample_rate", "format")
UNCHANGED_PITCHES = (0.0, 1.0)
"""Pitches by which clients mean the voice's own."""


class _Speech(NamedTuple):
    """What is asked for."""

    text: str
    language: str
    voice_id: str
    speed: float
    sample_rate: int | None
    """Hz; None: the voice's own."""
    samples: SampleFormat


async def _synthesize(call: Call, request: SynthesizeRequest) -> SynthesisResult:
    speech, sound = await _asked_for(call, request), AudioBuffer()
    async for pcm, sample_rate in _spoken(call, speech):
        sound.add(pcm, sample_rate)
    return _result(speech, bytes(sound.pcm), sound.sample_rate)


async def _synthesize_each(call: Call, request: SynthesizeRequest) -> AsyncIterator[SynthesisResult]:
    speech = await _asked_for(call, request)
    async for pcm, sample_rate in _spoken(call, speech):
        yield _result(speech, pcm, sample_rate)


async def _spoken(call: Call, speech: _Speech) -> AsyncIterator[tuple[bytes, int]]:
    """The chunks of a text's speech, with their sample rate."""
    silent = True
    with call.service.request_slot():
        await call.client.use(Resource.CHARACTERS, len(speech.text))
        chunks = call.service.request_pipeline().speak(
            speech.text,
            speech.language,
            voice_id=speech.voice_id,
            speed=speech.speed,
            sample_rate=speech.sample_rate,
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                silent &= not chunk.pcm
                yield chunk.pcm, chunk.sample_rate
    if silent:
        raise InvalidRequest("text has no word, number or sign that can be spoken", param="text")


async def _asked_for(call: Call, request: SynthesizeRequest) -> _Speech:
    check_text(call, request.text)
    speed = request.speed or 1.0
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise InvalidRequest(f"speed must be from {MIN_SPEED} to {MAX_SPEED} (got {speed:g})", param="speed")
    if request.pitch not in UNCHANGED_PITCHES:
        raise NotSupported("no voice has another pitch than its own; leave pitch out", param="pitch")
    sample_rate, samples = _parameters(dict(request.parameters))
    voice_id = request.voice_id or DEFAULT_VOICE
    if len(voice_id) > MAX_VOICE_ID_CHARS:
        raise InvalidRequest(f"voice_id has more than {MAX_VOICE_ID_CHARS} characters", param="voice_id")
    language = await _language(call, request, voice_id)
    _, voice = call.service.pipeline.catalogue.voices_for(voice_id, language, speed, param="language")[0]
    return _Speech(request.text, language, voice.id, speed, sample_rate, samples)


async def _language(call: Call, request: SynthesizeRequest, voice_id: str) -> str:
    if request.language:
        return languages.parse(request.language, "language")
    voices = call.service.pipeline.catalogue.voices
    own = next((voice.language for voice in voices if voice.id == voice_id), None)
    if own is not None:
        return languages.parse(own, "language")
    spoken = sorted({code for voice in voices for code in voice.languages})
    return await asyncio.to_thread(identify, request.text, spoken)


def _parameters(given: dict[str, str]) -> tuple[int | None, SampleFormat]:
    if unknown := sorted(given.keys() - set(PARAMETERS)):
        raise InvalidRequest(
            f"{unknown[0][:40]!r} is no parameter; accepted: {', '.join(PARAMETERS)}", param="parameters"
        )
    rate = given.get("sample_rate", "")
    samples = sample_format(given.get("format", ""), "parameters.format")
    if not rate:
        return None, samples
    if not (rate.isascii() and rate.isdecimal() and len(rate) <= 5 and MIN_RATE <= int(rate) <= MAX_RATE):
        raise InvalidRequest(
            f"parameters.sample_rate must be from {MIN_RATE} to {MAX_RATE} (got {rate[:40]!r})",
            param="parameters.sample_rate",
        )
    return int(rate), samples


def _result(speech: _Speech, pcm: bytes, sample_rate: int) -> SynthesisResult:
    return SynthesisResult(
        audio_data=samples_of(pcm, speech.samples),
        sample_rate=sample_rate,
        text=speech.text,
        voice_id=speech.voice_id,
        timestamp=time.time(),
        duration_ms=len(pcm) / 2 * 1_000 / sample_rate,
        format=speech.samples,
    )


def _voices(call: Call) -> VoiceListResponse:
    return VoiceListResponse(
        voices=[
            VoiceMessage(
                id=voice.id,
                name=voice.name,
                language=voice.language,
                supported_languages=voice.languages,
                gender=voice.gender or "",
                metadata={"sample_rate": str(voice.sample_rate)},
            )
            for voice in call.service.pipeline.catalogue.voices
        ]
    )


def _languages(call: Call) -> LanguageListResponse:
    codes = sorted({code for voice in call.service.pipeline.catalogue.voices for code in voice.languages})
    return LanguageListResponse(language_codes=codes, supports_streaming=True, supports_voice_cloning=False)


METHODS = {
    f"/{SERVICE}/Synthesize": Method(unary(SynthesizeRequest, _synthesize), KeyScope.TEXTS),
    f"/{SERVICE}/SynthesizeStream": Method(streaming(SynthesizeRequest, _synthesize_each), KeyScope.TEXTS),
    f"/{SERVICE}/GetVoices": Method(report(_voices)),
    **stage_methods(SERVICE, "tts", _languages),
}
"""Path -> method."""
