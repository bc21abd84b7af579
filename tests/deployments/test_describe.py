"""What the replicas of every stage say of themselves, beside what their provider says: without Ray."""

from typing import Any

import pytest

from deployments import stage as stage_module
from deployments.speakers import SpeakerDiarization
from deployments.stt import SpeechToText
from deployments.translation import Translation
from deployments.tts import TextToSpeech
from sokuji.config import PiperConfig
from tests.support.fake_stages import FakeDiarizer, FakeStt, FakeTranslator, FakeTts

STAGES: dict[str, tuple[Any, Any]] = {
    "faster_whisper": (SpeechToText, FakeStt()),
    "bergamot": (Translation, FakeTranslator()),
    "piper": (TextToSpeech, FakeTts()),
    "campplus": (SpeakerDiarization, FakeDiarizer()),
}


@pytest.mark.parametrize("scales", [True, False])
@pytest.mark.parametrize("name", STAGES)
async def test_a_replica_of_each_stage_says_whether_its_deployment_scales_to_zero(
    name: str, scales: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, provider = STAGES[name]
    replica = deployment.func_or_class(name)
    monkeypatch.setattr(provider, "config", PiperConfig(), raising=False)  # Of the audio, for a voice.
    monkeypatch.setattr(replica, "_loaded", lambda: provider)
    monkeypatch.setattr(stage_module, "scales_to_zero", lambda: scales)
    assert (await replica.describe()).scales_to_zero is scales
