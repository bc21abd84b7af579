"""What leaves a session: in order, and acknowledged."""

import asyncio
import time

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.output import MAX_QUEUED_EVENTS, SessionOutput


async def test_events_leave_in_the_order_in_which_they_came_also_when_the_client_reads_slowly() -> None:
    output = SessionOutput("test", LoadShedding(StreamingSettings()))
    for _ in range(MAX_QUEUED_EVENTS):
        await output.emit(events.Done())
    reader = output.events()

    async def read_and_emit() -> None:
        await anext(reader)
        await output.emit(events.Ack(2))

    tasks = [asyncio.create_task(output.emit(events.Ack(1))), asyncio.create_task(read_and_emit())]
    await asyncio.sleep(0)
    acks = [
        event for _ in range(MAX_QUEUED_EVENTS + 1) if isinstance(event := await anext(reader), events.Ack)
    ]
    await asyncio.gather(*tasks)
    assert acks == [events.Ack(1), events.Ack(2)]


async def test_what_is_delivered_is_measured_although_a_clause_behind_it_is_delivered_too() -> None:
    load = LoadShedding(StreamingSettings(max_lag_s=8))
    output = SessionOutput("test", load)
    output.commit((0, 0), "one", ["en"], time.monotonic() - 5, 1_000)
    output.commit((1, 0), "two", ["es"], time.monotonic(), None)
    await output.delivered((1, 0), "es")
    assert (output.acknowledged_ms, load.state) == (0, "normal")
    await output.delivered((0, 0), "en")
    assert (output.acknowledged_ms, load.state) == (1_000, "speculation_off")
    await output.close()
    seen = [event async for event in output.events()]
    assert [event for event in seen if isinstance(event, events.Ack)] == [events.Ack(1_000, "two", 1)]
    (status,) = [event for event in seen if isinstance(event, events.Status)]
    assert status.lag_ms == pytest.approx(5_000, abs=1_000)
