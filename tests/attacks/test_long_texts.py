"""REST calls with texts of thousands of lines: they cost nobody else more than a moment."""

import asyncio
import itertools
import string
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from sokuji.api.service import Service
from sokuji.config import Deadlines, GatewaySettings
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import SokujiError
from sokuji.pipeline.caller import Caller
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.text.protection import translation as protection
from sokuji.text.protection.passage import TranslationTask
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.rest_client import client_of

CALLS = 4
CHARACTERS = 5_000
"""The longest text that is accepted."""
SENTENCES = 12


def lines() -> str:
    """Short lines that are all different."""
    words = ("".join(letters) for letters in itertools.product(string.ascii_lowercase, repeat=3))
    return "\n".join(itertools.islice(words, CHARACTERS // 4))


@asynccontextmanager
async def served(bergamot: Bergamot) -> AsyncIterator[tuple[httpx.AsyncClient, Pipeline]]:
    """A client of the REST API with a real translator, and the pipeline behind it."""
    pipeline = Pipeline(StageProviders([FakeStt()], [bergamot], [FakeTts()]), Deadlines())
    await pipeline.refresh()
    async with client_of(Service(pipeline, GatewaySettings())) as client:
        yield client, pipeline


async def test_live_speech_does_not_wait_for_texts_of_a_thousand_lines(bergamot: Bergamot) -> None:
    body = {"text": lines(), "source_language": "en", "target_language": "pt"}
    async with served(bergamot) as (client, pipeline):
        calls = [
            asyncio.create_task(client.post("/api/v1/translation/translate", json=body)) for _ in range(CALLS)
        ]
        try:
            await asyncio.sleep(0.5)  # for all of them to arrive at the translator
            live = pipeline.on_behalf_of(Caller("live"))
            for number in range(SENTENCES):
                text = f"The train number {number} leaves in the morning."
                assert str(number) in (await live.translate_text(text, "en", "pt")).text
            assert not any(call.done() for call in calls)
            # Another call of little work waits for a turn of each, not for their end.
            small = body | {"text": "The fox is here."}
            answer = await client.post("/api/v1/translation/translate", json=small)
            assert answer.status_code == 200
            assert not any(call.done() for call in calls)
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)


async def test_no_call_of_a_translator_is_large_however_long_the_text_is() -> None:
    translator = FakeTranslator()
    sizes: list[int] = []
    translate = translator.translate

    async def counted(requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        sizes.append(sum(request.text.count("\n") + 1 for request in requests))
        return await translate(requests)

    translator.translate = counted  # type: ignore[method-assign]
    pipeline = await ready_pipeline(translator=translator)
    for text in (lines(), "\n".join(f"{line} {number}" for number, line in enumerate(lines().split()))):
        await pipeline.translate_text(text, "en", "pt")
    assert max(sizes) <= 8 * 9
    assert sum(sizes) >= 2 * len(lines().split())


async def test_the_gateway_goes_on_while_it_checks_a_text_of_thousands_of_values() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def ask(texts: list[str]) -> list[str]:
        return texts

    text = "\n".join(f"a {number % 10}" for number in range(CHARACTERS // 4))
    counting = asyncio.create_task(count())
    translated = await protection.translate(TranslationTask(text, ("en", "pt")), ask)
    counting.cancel()
    assert translated == text
    # Each turn of the loop is one in which live speech could have gone on.
    assert turns > 20
