"""Ten thousand random and mutated events: no crash, no leak, bounded memory, and the service still works."""

import asyncio
import gc
import logging
import tracemalloc

import pytest

from sokuji.config import GatewaySettings, Limits
from tests.api.openai.translations.clients import TranslationService, translation_service
from tests.api.openai.translations.events import EXTENSIONS, Event, appends, spoken, text_of
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.mutations import messages

EVENTS = 9_999
EVENTS_OF_A_CLIENT = 80
"""Fewer than would close the connection as that of a broken client."""
VALID: list[Event] = [
    {
        "type": "session.update",
        "event_id": "e1",
        "session": {
            "type": "translation",
            "audio": {
                "input": {
                    "transcription": {"model": "whisper-1"},
                    "noise_reduction": {"type": "near_field", "strength": 0.5},
                    "language": "pt",
                },
                "output": {
                    "language": "en",
                    "languages": ["en", "pt"],
                    "voice": {"id": "joe"},
                    "speed": 1.5,
                    "glossary": {"mundo": "World"},
                    "echo": True,
                },
            },
            "session_id": "sess_" + 24 * "0",
            "resume_from_ms": 100,
            "resume_text": "bom",
            "acknowledgements": True,
        },
    },
    {"type": "session.update", "session": {"audio": {"output": {"language": "en"}}}},
    *appends(spoken(0.6)[9_600:28_800], 19_200),
    {"type": "session.close", "event_id": "e2"},
]


async def _clients(server: TranslationService, seed: int, events: int) -> int:
    """Send events over as many connections as it takes; how many of them the service refused as errors."""
    errors = 0
    for number in range(0, events, EVENTS_OF_A_CLIENT):
        client = server.connect(*EXTENSIONS, "session.acknowledged")
        for frame in messages(VALID, EVENTS_OF_A_CLIENT, seed + number):
            if isinstance(frame, bytes):
                client.send_bytes(frame)
            else:
                client.send(frame)
        client.finish()
        assert await client.until_closed() in (1000, 1008)
        errors += sum(event["type"] == "error" for event in client.events)
        server.clients.remove(client)
    return errors


@pytest.mark.long
@pytest.mark.slow
async def test_random_events_crash_and_leak_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    stt, translator, tts = FakeStt(), FakeTranslator(), FakeTts(1)
    settings = GatewaySettings(limits=Limits(requests_per_minute=0))
    async with translation_service(stt, translator, tts, settings) as server:

        def forget() -> None:
            for stage in (stt, translator, tts):
                stage.forget()
            gc.collect()

        tasks = len(asyncio.all_tasks())
        errors = await _clients(server, 1, EVENTS // 3)
        held = []
        tracemalloc.start()
        try:
            for seed in (100_000, 200_000):
                errors += await _clients(server, seed, EVENTS // 3)
                forget()
                held.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert errors > EVENTS // 4, "most events are bad"
        # What is loaded once, here or by what earlier tests have left running, is no leak.
        assert held[1] - held[0] < 2**20
        assert len(asyncio.all_tasks()) == tasks
        assert len(server.service.sessions) == 0
        client = server.connect()
        client.send_all(appends(spoken()))
        client.finish()
        assert await client.until_closed() == 1000
        assert text_of(client.events, "output_transcript").startswith("en: ")
    assert [record.getMessage() for record in caplog.records] == []
