"""What cloud services are asked for is counted in the units by which they bill."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from sokuji.contract import RecognitionRequest, StageName, SynthesisRequest, TranslationRequest
from sokuji.metrics.exposition import collected, exposition
from sokuji.providers import openai_api
from sokuji.providers.translation.llm.prompt import messages
from tests.support.cloud.openai_chat import USUAL
from tests.support.cloud.services import SERVICES, loaded
from tests.support.metrics_page import total

HELLO = TranslationRequest(text="Good morning, my friend.", source="en", target="pt")
SECONDS = 2
BILLED: dict[tuple[StageName, str], tuple[str, float]] = {
    ("stt", "openai"): ("audio_seconds", SECONDS),
    ("stt", "azure"): ("audio_seconds", SECONDS),
    ("translation", "deepl"): ("characters", len(HELLO.text)),
    ("tts", "azure"): ("characters", len(HELLO.text)),
    ("tts", "elevenlabs"): ("characters", len(HELLO.text)),
}
"""What one request costs."""
Counted = Callable[[str, str, str], float]


@pytest.fixture
def counted() -> Counted:
    """What has been counted of a stage, a provider and a unit in this test."""

    def now(page: str, stage: str, provider: str, unit: str) -> float:
        return total(page, "sokuji_cloud_usage_total", stage=stage, provider=provider, unit=unit)

    before = exposition(collected()).decode()
    return lambda *of: now(exposition(collected()).decode(), *of) - now(before, *of)


async def ask(provider: Any, stage: StageName) -> None:
    if stage == "stt":
        await provider.transcribe([RecognitionRequest(pcm=bytes(32_000 * SECONDS), language="en")])
    elif stage == "translation":
        await provider.translate([HELLO])
    else:
        speech: AsyncGenerator[object, None] = provider.synthesize(
            SynthesisRequest(text=HELLO.text, language="en")
        )
        assert [chunk async for chunk in speech]


def test_every_cloud_service_is_known_by_its_unit() -> None:
    assert BILLED.keys() | {("translation", "openai")} == SERVICES.keys()


@pytest.mark.parametrize(("stage", "provider"), BILLED)
async def test_a_request_is_counted(stage: StageName, provider: str, counted: Counted) -> None:
    unit, amount = BILLED[stage, provider]
    async with loaded(stage, provider) as service:
        assert counted(stage, provider, unit) == 0
        await ask(service, stage)
    assert counted(stage, provider, unit) == pytest.approx(amount)


async def test_tokens_are_counted_as_openai_reports_them(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only OpenAI itself is asked for them: other servers may refuse the option.
    async with loaded("translation", "openai") as service:
        await ask(service, "translation")
        assert counted("translation", "openai", "output_tokens") == 0
    monkeypatch.setattr(openai_api, "HOST", "127.0.0.1")
    async with loaded("translation", "openai") as service:
        await ask(service, "translation")
    words = sum(len(each["content"].split()) for each in messages(HELLO))
    assert counted("translation", "openai", "input_tokens") == words
    assert counted("translation", "openai", "output_tokens") == len(USUAL)
