"""The hub: who is there, what is wanted, and what becomes of a broadcast whose speaker is gone."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sokuji import events
from sokuji.broadcast import hub as hubs
from sokuji.broadcast.contract import BroadcastLimits, Demand, WantedLanguages
from sokuji.broadcast.hub import LEASE_S, Hub
from sokuji.errors import Overloaded, Replaced, UnknownBroadcast
from sokuji.events import Ack
from tests.broadcast.events import caption, translation, voice

ID = "b" * 22
LIMITS = BroadcastLimits(max_listeners=6, max_languages=2, late_join_segments=3, resume_s=60)


class Clock:
    """A clock that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "POLL_S", 0.01)


def numbers() -> Iterator[int]:
    at = 0
    while True:
        at += 1_000
        yield at


async def opened() -> tuple[Hub, Clock, int]:
    clock = Clock()
    first = numbers()
    hub = Hub(clock, lambda: next(first))
    return hub, clock, await hub.open(ID, LIMITS, None)


async def test_a_speaker_who_is_silent_for_too_long_is_gone_and_may_come_back_in_time() -> None:
    hub, clock, connection = await opened()
    await hub.demand(ID, "g", {"en": Demand(1, 0)})
    clock.now += LEASE_S + 1
    await hub.demand(ID, "g", {"en": Demand(1, 0)})
    assert (await hub.follow(ID, "g", 0, None)).state == "interrupted"
    again = await hub.open(ID, LIMITS, Ack(0))
    assert (await hub.follow(ID, "g", 0, None)).state == "live"
    with pytest.raises(Replaced):
        await hub.publish(ID, connection, [caption(0)])
    await hub.close(ID, again, over=False)
    clock.now += LIMITS.resume_s + 1
    await hub.demand(ID, "g", {"en": Demand(1, 0)})
    assert (await hub.follow(ID, "g", 0, None)).state == "ended"
    clock.now += hubs.KEEP_ENDED_S + 1
    with pytest.raises(UnknownBroadcast):
        await hub.follow(ID, "g", 0, None)
    assert hub.is_idle


async def test_what_a_speaker_brings_again_from_any_of_the_last_acks_is_dropped() -> None:
    for missed in range(3):
        hub, _, connection = await opened()
        await hub.demand(ID, "g", {"en": Demand(1, 1)})
        for segment_id in range(4):
            end = Ack(1_000 * segment_id + 900)
            said: list[events.Event] = [caption(segment_id), translation(segment_id), voice(segment_id), end]
            await hub.publish(ID, connection, said)
        # The speaker has not had the last acks, and sends the audio behind the one before.
        first = 4 - missed
        again = await hub.open(ID, LIMITS, Ack(1_000 * (first - 1) + 900))
        for segment_id in range(first, 6):
            later = 100 + segment_id
            await hub.publish(
                ID,
                again,
                [
                    replace(caption(segment_id), segment_id=later),
                    replace(translation(segment_id), segment_id=later),
                    voice(later),
                ],
            )
        entries = [each.event for each in (await hub.follow(ID, "g", 0, None)).entries]
        texts = [each.text for each in entries if isinstance(each, events.TranslationText)]
        assert texts == ["en 3", "en 4", "en 5"]
        assert [each.segment_id for each in entries if isinstance(each, events.Audio)] == [
            each.segment_id for each in entries if isinstance(each, events.TranslationText)
        ]


async def test_a_gateway_gets_the_voices_that_are_wanted_there_alone() -> None:
    hub, _, connection = await opened()
    await hub.demand(ID, "reads", {"en": Demand(2, 0)})
    await hub.demand(ID, "hears", {"es": Demand(1, 1)})
    said: list[events.Event] = [caption(0), translation(0), translation(0, "es"), voice(0), voice(0, "es")]
    await hub.publish(ID, connection, said)
    read = await hub.follow(ID, "reads", 0, "live")
    heard = await hub.follow(ID, "hears", 0, "live")
    assert [each.event for each in read.entries] == said[:3]
    assert [each.event for each in heard.entries] == [*said[:3], said[4]]
    assert read.last == heard.last == heard.entries[-1].number
    assert (await hub.follow(ID, "reads", read.last, "live")).entries == ()


async def test_who_waits_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "POLL_S", 60)
    hub, _, connection = await opened()
    await hub.demand(ID, "g", {"en": Demand(1, 0)})
    last = (await hub.follow(ID, "g", 0, None)).last
    following = asyncio.create_task(hub.follow(ID, "g", last, "live"))
    known = (await hub.wanted(ID, connection, -1)).version
    wanting = asyncio.create_task(hub.wanted(ID, connection, known))
    await asyncio.sleep(0)
    await hub.publish(ID, connection, [caption(0)])
    assert len((await asyncio.wait_for(following, 1)).entries) == 1
    await hub.demand(ID, "g", {"es": Demand(1, 1)})
    assert (await asyncio.wait_for(wanting, 1)).voiced == {"es": True}


class Joining(RuleBasedStateMachine):
    """Gateways whose listeners come and go, and gateways that are lost, against a plain model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.hub, self.clock, self.connection = self.loop.run_until_complete(opened())
        self.demands: dict[str, dict[str, Demand]] = {}
        self.seen: dict[str, float] = {}

    def teardown(self) -> None:
        self.loop.close()

    @rule(
        gateway=st.sampled_from("xyz"),
        demands=st.dictionaries(
            st.sampled_from(["en", "es", "fr"]), st.builds(Demand, st.integers(1, 3), st.integers(0, 1))
        ),
    )
    def demand(self, gateway: str, demands: dict[str, Demand]) -> None:
        before = self.total
        wanted = {**self.demands, gateway: demands}
        listeners, languages = totals(wanted)
        fits = listeners <= max(LIMITS.max_listeners, before[0])
        fits = fits and len(languages) <= max(LIMITS.max_languages, len(before[1]))
        try:
            self.loop.run_until_complete(self.hub.demand(ID, gateway, demands))
            assert fits
        except Overloaded:
            assert not fits
            return
        self.demands = {name: each for name, each in wanted.items() if each}
        self.seen[gateway] = self.clock.now

    @rule(seconds=st.floats(0, LEASE_S))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.loop.run_until_complete(self.hub.publish(ID, self.connection, []))
        gone = [each for each in self.demands if self.clock.now - self.seen[each] > LEASE_S]
        for gateway in gone:
            del self.demands[gateway]

    @precondition(lambda self: self.demands)
    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        gateway = data.draw(st.sampled_from(sorted(self.demands)))
        self.loop.run_until_complete(self.hub.follow(ID, gateway, 0, None))
        self.seen[gateway] = self.clock.now

    @property
    def total(self) -> tuple[int, dict[str, bool]]:
        return totals(self.demands)

    @invariant()
    def the_speaker_is_told_what_all_want(self) -> None:
        wanted: WantedLanguages = self.loop.run_until_complete(self.hub.wanted(ID, self.connection, -1))
        assert (wanted.listeners, dict(wanted.voiced)) == self.total


def totals(demands: dict[str, dict[str, Demand]]) -> tuple[int, dict[str, bool]]:
    each = [(language, demand) for of_gateway in demands.values() for language, demand in of_gateway.items()]
    voiced = {language: any(one.voices for name, one in each if name == language) for language, _ in each}
    return sum(demand.listeners for _, demand in each), voiced


TestJoining = Joining.TestCase
TestJoining.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
