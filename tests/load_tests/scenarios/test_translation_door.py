"""Sessions through ``/v1/realtime/translations`` are timed by their deltas."""

from collections.abc import Iterator
from typing import Any

import pytest

from load_tests.measurements.load_level import summarise
from load_tests.scenarios.options import doors
from load_tests.scenarios.sessions import Scenario, ServiceSession, converse, run_scenario
from load_tests.scenarios.speech_samples import ScriptedSpeech, silence
from load_tests.scenarios.translation_door import DeltaStopwatch, session_of
from sokuji.client.config import Config
from tests.support.api_server import serve_api

SPANS = [(300, 2_000), (3_000, 5_000)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api() as url:
        yield url


def delta(kind: str, elapsed_ms: int, **fields: Any) -> dict[str, Any]:
    return {"type": f"session.{kind}.delta", "elapsed_ms": elapsed_ms, **fields}


def test_a_delta_belongs_to_the_last_sentence_that_begins_before_it() -> None:
    stopwatch = DeltaStopwatch("en", SPANS)
    stopwatch.record_delta(delta("output_transcript", 2_000), 1.0)
    stopwatch.record_delta(delta("output_audio", 2_000), 1.5)
    stopwatch.record_delta(delta("output_audio", 3_000), 2.0)
    stopwatch.record_delta(delta("output_transcript", 5_000), 6.0)
    stopwatch.record_delta(delta("output_audio", 5_200, language="pt"), 6.2)
    stopwatch.record_delta(delta("output_audio", 5_200, language="en"), 6.5)
    first, second = stopwatch.utterances[0], stopwatch.utterances[1]
    assert (first.start_ms, first.end_ms) == SPANS[0]
    assert first.at == {"translation": 1.0, "first audio": 1.5, "last audio": 2.0}
    assert second.at == {"translation": 6.0, "first audio": 6.5, "last audio": 6.5}
    assert stopwatch.out_of_order == 0
    stopwatch.record_delta(delta("output_audio", 2_000), 7.0)
    assert stopwatch.out_of_order == 1


@pytest.mark.slow
async def test_the_sentences_of_a_scenario_are_answered_through_this_door(url: str) -> None:
    scenario = Scenario(Config(source_language="pt", target_language="en"), 1, 5.0, door="openai")
    sessions = await run_scenario(url, scenario)
    level = summarise(sessions)
    assert (level.sent, level.received, level.lost, level.out_of_order) == (1, 1, 0, 0)
    assert level.errors == {}
    assert set(level.latency_ms) == {"translation", "first audio", "last audio"}


@pytest.mark.slow
async def test_an_error_of_the_service_fails_the_session(url: str) -> None:
    speech = ScriptedSpeech("pt", silence(400), [(100, 300)], [("Olá mundo.",)])
    refused = ServiceSession(speech, stopwatch=DeltaStopwatch("ja", speech.spans_ms))
    await converse(url, Config(source_language="pt", target_language="ja"), refused, refused.sent)
    assert refused.errors == {"error_event": 1}
    assert "ja" in str(refused.failure)


def test_fan_out_is_an_extension() -> None:
    one = session_of(Config(source_language="pt", target_language="en"))
    more = session_of(Config(source_language="pt", target_languages=("en", "pt")))
    assert one["audio"]["output"] == {"language": "en"}
    assert more["audio"]["output"] == {"languages": ("en", "pt")}


def test_doors_are_listed_once_in_their_order() -> None:
    assert doors("openai,bridge,openai") == ["openai", "bridge"]
    with pytest.raises(Exception, match="no list of doors; there are: bridge, openai, grpc"):
        doors("bridge,carrier-pigeon")
