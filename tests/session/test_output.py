"""What leaves a session: in order, and acknowledged."""

import asyncio
import time

import pytest

from sokuji import events
from sokuji.session.output import QUEUED_EVENTS, DeliveryLedger, SessionOutput


async def test_events_leave_in_the_order_in_which_they_came_also_when_the_client_reads_slowly() -> None:
    outlet = SessionOutput("test", DeliveryLedger(), 1)
    for _ in range(QUEUED_EVENTS):
        await outlet.emit(events.Done())
    reader = outlet.events()

    async def read_and_emit() -> None:
        await anext(reader)
        await outlet.emit(events.Ack(2))

    tasks = [asyncio.create_task(outlet.emit(events.Ack(1))), asyncio.create_task(read_and_emit())]
    await asyncio.sleep(0)
    acks = [event for _ in range(QUEUED_EVENTS + 1) if isinstance(event := await anext(reader), events.Ack)]
    await asyncio.gather(*tasks)
    assert acks == [events.Ack(1), events.Ack(2)]


async def test_what_is_delivered_is_noted_although_a_clause_behind_it_is_delivered_too() -> None:
    outlet, noted = SessionOutput("test", DeliveryLedger(), 1), list[float]()

    async def note(lag_s: float) -> None:
        noted.append(lag_s)

    outlet.on_delivered = note
    outlet.ledger.commit((0, 0), "one", ["en"], time.monotonic() - 5, 1_000)
    outlet.ledger.commit((1, 0), "two", ["es"], time.monotonic(), None)
    await outlet.delivered((1, 0), "es")
    await outlet.delivered((0, 0), "en")
    assert outlet.ledger.acked == events.Ack(1_000, "two", 1)
    assert noted == pytest.approx([5], abs=1)
