"""Broadcasts on a real Serve instance, with real models and speech: every listener gets every word, once."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sokuji.measure.samples import compose, sentences
from tests.service.broadcast_audience import Broadcast, Listened
from tests.service.conftest import (
    RunningService,
    gateway_deployment,
    gateway_settings,
    running_service,
    usual_config,
)
from tests.service.interpretation import MISHEARD
from tests.support.text_similarity import character_error_rate

pytestmark = pytest.mark.timeout(600)


def check_same(speaker: Listened, listener: Listened) -> None:
    """A listener has what the speaker has, in order, once."""
    assert listener.over
    assert listener.transcript == speaker.transcript
    places = [(segment, clause) for segment, clause, _ in listener.translation]
    assert places == sorted(set(places))
    if listener.language == speaker.language:
        assert listener.words == speaker.words
    # A machine that is far behind leaves voices out.
    assert set(listener.voiced) <= set(places)


async def test_listeners_read_and_hear_the_language_they_chose(service: RunningService) -> None:
    broadcast = Broadcast(f"http://{service.address}")
    spoken, english, read, portuguese = await asyncio.gather(
        broadcast.speak(compose(sentences("pt")), audience=3),
        broadcast.hear("en"),
        broadcast.hear("en", "captions"),
        broadcast.hear("pt"),
    )
    assert len(spoken.transcript) == 3
    for listener in (english, read, portuguese):
        check_same(spoken, listener)
    assert english.voiced
    assert read.voiced == []
    assert portuguese.voiced
    # What is spoken in the language of the listener is passed on as it is.
    assert portuguese.words == " ".join(spoken.transcript).split()
    assert spoken.voiced == []


@pytest.fixture(scope="module")
def two_gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with two replicas of the Gateway."""
    config = usual_config()
    # However busy the machine is, all that is said is spoken.
    gateway_settings(config)["streaming"] = {"max_voice_lag_s": 600}
    gateway_deployment(config)["autoscaling_config"] |= {"min_replicas": 2, "max_replicas": 2}
    with running_service(config, tmp_path_factory.mktemp("two")) as started:
        yield started


async def listeners_at(service: RunningService) -> list[float]:
    """How many listen at each gateway."""
    async with httpx.AsyncClient(base_url=f"http://{service.address}") as http:
        families = text_string_to_metric_families((await http.get("/metrics")).text)
    counts = Counter[str]()
    for family in families:
        for sample in family.samples:
            if sample.name == "sokuji_listeners":
                counts[sample.labels["replica"]] += int(sample.value)
    return [count for count in counts.values() if count]


@pytest.mark.long
async def test_200_listeners_at_two_gateways_get_every_word_in_bounded_memory(
    two_gateways: RunningService,
) -> None:
    broadcast = Broadcast(f"http://{two_gateways.address}")
    gateways = [psutil.Process(pid) for pid in two_gateways.replica_pids("Gateway")]
    assert len(gateways) == 2
    before = sum(each.memory_info().rss for each in gateways)
    at_gateways: list[list[float]] = []

    async def watch() -> None:
        while len(at_gateways) < 2 or sum(at_gateways[-1]) < 200:
            at_gateways.append(await listeners_at(two_gateways))
            await asyncio.sleep(1)

    speaking = asyncio.create_task(broadcast.speak(compose(sentences("pt") * 3), audience=200))
    listening = [
        asyncio.create_task(broadcast.hear(("en", "pt")[number % 2], "audio" if number < 20 else "captions"))
        for number in range(200)
    ]
    watching = asyncio.create_task(watch())
    spoken = await speaking
    heard = await asyncio.gather(*listening)
    growth = sum(each.memory_info().rss for each in gateways) - before
    watching.cancel()
    assert len(spoken.transcript) >= 9
    for listener in heard:
        check_same(spoken, listener)
    assert all(each.voiced for each in heard[:20])
    # They were at both gateways, and what each of them costs there is a few hundred kilobytes.
    assert [len(each) for each in at_gateways if sum(each) == 200][-1:] == [2]
    assert growth < 200 * 2**20


@pytest.mark.long
@pytest.mark.parametrize("lost", ["Gateway", "HubActor"])
async def test_listeners_and_the_speaker_go_on_after_the_loss_of_a_process(
    two_gateways: RunningService, lost: str
) -> None:
    speech = compose(sentences("pt") * 2)
    killed: list[int] = []

    def kill(ms: float) -> None:
        if ms > sum(speech.spans_ms[1]) / 2 and not killed:
            killed.extend(two_gateways.pids_of(lost))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    broadcast = Broadcast(f"http://{two_gateways.address}")
    spoken, english, portuguese = await asyncio.gather(
        broadcast.speak(speech, 2, kill), broadcast.hear("en"), broadcast.hear("pt")
    )
    assert killed
    assert (broadcast.resumptions > 0) == (lost == "Gateway")
    assert len(spoken.transcript) == 6
    for listener in (english, portuguese):
        assert listener.over
        places = [(segment, clause) for segment, clause, _ in listener.translation]
        assert places == sorted(set(places))
        if lost == "Gateway":
            # The hub has kept what was said before, and has dropped what was said again.
            assert len(listener.transcript) == 6
            assert (
                character_error_rate(" ".join(spoken.transcript), " ".join(listener.transcript)) <= MISHEARD
            )
        else:
            assert "live" in listener.states
            # What was on its way, and no more, is lost.
            assert len(listener.transcript) >= 4
            assert listener.transcript[-3:] == spoken.transcript[-3:]
