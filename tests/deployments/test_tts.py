"""The TextToSpeech deployment, without Ray: what its settings say of rate and format is what comes of it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from deployments import tts
from sokuji.config import VoiceSettings
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from tests.support.knobs import Knobs

VOICE = Voice(id="joe", name="Joe", language="en-US", languages=("en",))


class Hummer:
    """Hums half a second in two chunks."""

    def __init__(self, config: VoiceSettings) -> None:
        self.config = config

    async def load(self) -> None:
        pass

    async def check(self) -> None:
        pass

    def update(self, config: VoiceSettings) -> None:
        self.config = config

    async def describe(self) -> SynthesiserInfo:
        return SynthesiserInfo(provider="piper", model="hummer", voices=(VOICE,))

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        for last in (False, True):
            yield AudioChunk(bytes(VOICE.sample_rate // 4 * 2), VOICE.sample_rate, last)


async def hum(replica: Any) -> list[AudioChunk]:
    async with aclosing(replica.synthesize(SynthesisRequest(text="Hm.", language="en"))) as chunks:
        return [chunk async for chunk in chunks]


@pytest.mark.knob("tts.*.sample_rate", "tts.*.audio_format")
async def test_rate_and_format_are_those_of_the_settings_and_change_at_once(
    monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    made: list[Hummer] = []

    def create(stage: str, config: VoiceSettings) -> Hummer:
        made.append(Hummer(config))
        return made[-1]

    monkeypatch.setattr(tts, "create", create)
    deployment: Any = tts.TextToSpeech
    replica = deployment.func_or_class("piper")
    await replica.reconfigure({})
    assert await replica.describe() == await made[0].describe()
    assert {chunk.sample_rate for chunk in await hum(replica)} == {22_050}
    knob.observe("tts.*.sample_rate", made[0].config, 22_050)
    knob.observe("tts.*.audio_format", made[0].config, (await replica.describe()).audio_format)
    await replica.reconfigure({"sample_rate": 48_000, "audio_format": "flac"})
    info = await replica.describe()
    assert (info.audio_format, info.voices[0].sample_rate) == ("flac", 48_000)
    chunks = await hum(replica)
    assert {chunk.sample_rate for chunk in chunks} == {48_000}
    knob.observe("tts.*.sample_rate", made[0].config, 48_000)
    knob.observe("tts.*.audio_format", made[0].config, info.audio_format)
    assert sum(len(chunk.pcm) for chunk in chunks) == pytest.approx(48_000, abs=8)
    assert [chunk.last for chunk in chunks] == [False, True]
    assert len(made) == 1
