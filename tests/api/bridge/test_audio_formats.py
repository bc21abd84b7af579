"""The REST calls answer in the format and at the rate asked for, or as the voice's deployment is set."""

import base64
import io
from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest

from sokuji.audio.encoding import FORMATS
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.support.fake_stages import VOICES, FakeTts
from tests.support.rest_client import error_of, rest_client
from tests.support.speech import sample

SPEAK = "/api/v1/tts/synthesize"
HELLO = {"text": "hello", "language": "en"}
GREETING = {"text": "bom dia", "source_language": "pt", "target_language": "en"}
MEDIA_TYPES = {
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
}


def decoded(data: bytes, audio_format: str, rate: int) -> tuple[str, float, float]:
    """Codec, seconds and level of a file."""
    options: dict[str, Any] = (
        {"format": "s16le", "options": {"ar": str(rate)}} if audio_format == "pcm" else {}
    )
    with av.open(io.BytesIO(data), **options) as container:
        stream = container.streams.audio[0]
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(stream)]
        samples = np.concatenate(frames)
        level = samples.astype(float) / (1 if samples.dtype.kind == "f" else 32_768)
        return stream.codec_context.name, len(samples) / stream.codec_context.sample_rate, float(level.max())


@pytest.mark.parametrize("audio_format", FORMATS)
async def test_speech_comes_in_each_format(audio_format: str) -> None:
    wanted = HELLO | {"audio_format": audio_format, "sample_rate": 24_000}
    async with rest_client() as (client, _):
        file = await client.post(SPEAK, json=wanted | {"return_format": "audio"})
        body = (await client.post(SPEAK, json=wanted)).json()
    assert file.headers["content-type"] == MEDIA_TYPES[audio_format]
    assert (file.headers["x-sample-rate"], file.headers["x-duration-ms"]) == ("24000", "200")
    assert (body["audio_format"], body["sample_rate"], body["duration_ms"]) == (audio_format, 24_000, 200)
    assert base64.b64decode(body["audio_data"]) == file.content
    codec, seconds, level = decoded(file.content, audio_format, 24_000)
    assert codec.startswith("pcm_s16le" if audio_format in ("wav", "pcm") else audio_format)
    assert seconds == pytest.approx(0.2, abs=0.1 if audio_format == "aac" else 0.002)
    assert level > FakeTts.LEVEL / 32_768 / 2


async def test_a_rate_that_a_codec_lacks_becomes_the_next_higher_one_and_is_reported() -> None:
    async with rest_client() as (client, _):
        body = (await client.post(SPEAK, json=HELLO | {"audio_format": "opus"})).json()
    assert body["sample_rate"] == 24_000


async def test_format_and_rate_default_to_the_settings_of_the_voices_deployment() -> None:
    tts = FakeTts()
    voices = tuple(replace(voice, sample_rate=16_000) for voice in VOICES)
    tts.info = replace(tts.info, voices=voices, audio_format="flac")
    async with rest_client(tts=tts) as (client, _):
        usual = (await client.post(SPEAK, json=HELLO)).json()
        other = (await client.post(SPEAK, json=HELLO | {"audio_format": "wav", "sample_rate": 8_000})).json()
    assert (usual["audio_format"], usual["sample_rate"]) == ("flac", 16_000)
    assert (other["audio_format"], other["sample_rate"]) == ("wav", 8_000)


@pytest.mark.parametrize("audio_format", ["flac", None])
async def test_spoken_translations_come_in_each_format(audio_format: str | None) -> None:
    wanted = {"sample_rate": 16_000} | ({"audio_format": audio_format} if audio_format else {})
    recording = {"audio_file": wav_bytes(sample("en", "hello_world"), RECOGNISER_RATE)}
    form = {"source_language": "pt", "target_language": "en", **wanted}
    async with rest_client() as (client, _):
        text = (await client.post("/api/v1/pipeline/translate-text", json=GREETING | wanted)).json()
        path = "/api/v1/pipeline/translate-audio"
        spoken = (await client.post(path, data=form, files=recording)).json()
        file = await client.post(path, data=form | {"return_format": "audio"}, files=recording)
    for body in (text, spoken):
        assert (body["audio_format"], body["audio_sample_rate"]) == (audio_format or "wav", 16_000)
        codec = decoded(base64.b64decode(body["audio_data"]), body["audio_format"], 16_000)[0]
        assert codec == (audio_format or "pcm_s16le")
    assert file.headers["content-type"] == MEDIA_TYPES[audio_format or "wav"]


@pytest.mark.parametrize("path", [SPEAK, "/api/v1/pipeline/translate-text"])
@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("audio_format", "wma", "'wav', 'pcm', 'mp3', 'opus', 'aac' or 'flac'"),
        ("sample_rate", 48_001, "48000"),
    ],
)
async def test_other_formats_and_rates_are_refused(
    path: str, field: str, value: object, accepted: str
) -> None:
    wanted = (HELLO if path == SPEAK else GREETING) | {field: value}
    async with rest_client() as (client, _):
        response = await client.post(path, json=wanted)
    assert error_of(response) == (400, "invalid_request", field)
    assert accepted in response.json()["error"]["message"]
