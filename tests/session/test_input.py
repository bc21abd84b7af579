"""The input of a session: in order, bounded, and ended by the client or by a drain."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.config import Limits
from sokuji.errors import InvalidRequest, Overloaded
from sokuji.session.conversation import Command, ConversationSettings
from sokuji.session.input import SessionInput, SessionTooLong
from sokuji.session.input_queue import MAX_COMMANDS

SECOND = bytes(32_000)
STEREO = ConversationSettings(target_languages=("en",), input_sample_rate=8_000, channels=2)
MONO = ConversationSettings(target_languages=("en",))


def new_input(
    *,
    drain_s: float = 60,
    begin_ms: int = 0,
    acknowledged_ms: int = 0,
    limits: Limits | None = None,
) -> SessionInput:
    return SessionInput(limits or Limits(), drain_s, begin_ms, lambda: acknowledged_ms)


async def test_messages_are_received_in_the_order_in_which_they_came_until_end() -> None:
    source = new_input()
    source.put(MONO)
    source.feed(SECOND)
    source.put(Command.FLUSH)
    source.put(Command.END)
    received = [await source.receive(in_speech=True) for _ in range(4)]
    assert received == [MONO, SECOND, Command.FLUSH, None]
    assert (source.ended, source.drained) == (True, False)


def test_audio_counts_by_the_rate_and_channels_of_the_last_settings() -> None:
    source = new_input(begin_ms=500)
    source.put(MONO)
    source.feed(SECOND)
    source.put(STEREO)
    source.feed(SECOND)
    assert source.received_ms == 500 + 1_000 + 1_000


def test_half_a_sample_survives_settings_of_the_same_format_alone() -> None:
    source = new_input()
    source.put(MONO)
    source.feed(SECOND + b"\1")
    source.put(ConversationSettings(target_languages=("pt",)))
    source.feed(b"\2" + SECOND)
    assert source.received_ms == 2_000 + 1 / 16
    source.feed(b"\1")
    source.put(STEREO)
    source.feed(b"\2\3\4\5")
    assert source.received_ms == 2_000 + 1 / 16 + 1 / 8


@given(st.sampled_from([1, 2, 3]), st.lists(st.integers(0, 60), max_size=30))
async def test_a_sample_may_be_divided_between_messages(channels: int, sizes: list[int]) -> None:
    source = new_input()
    source.put(ConversationSettings(target_languages=("en",), channels=channels))
    pcm = bytes(each % 251 for each in range(sum(sizes)))
    at = 0
    for size in sizes:
        source.feed(pcm[at : at + size])
        at += size
    whole = pcm[: len(pcm) // (2 * channels) * 2 * channels]
    assert source.received_ms * 16 * 2 * channels == pytest.approx(len(whole))
    source.put(Command.END)
    await source.receive(in_speech=False)
    received = b""
    while isinstance(message := await source.receive(in_speech=False), bytes):
        assert message
        assert len(message) % (2 * channels) == 0
        received += message
    assert received == whole


async def test_other_settings_do_not_continue_a_sample_of_the_former_format() -> None:
    source = new_input()
    source.put(MONO)
    source.feed(b"\1\2\3")
    source.put(STEREO)
    source.feed(b"\4\5\6\7")
    received = [await source.receive(in_speech=False) for _ in range(4)]
    assert received == [MONO, b"\1\2", STEREO, b"\4\5\6\7"]


def test_audio_before_settings_and_anything_after_end_are_refused() -> None:
    source = new_input()
    with pytest.raises(InvalidRequest, match="before config"):
        source.feed(SECOND)
    source.put(MONO)
    source.put(Command.END)
    with pytest.raises(InvalidRequest, match="after end"):
        source.feed(SECOND)
    with pytest.raises(InvalidRequest, match="after end"):
        source.put(Command.FLUSH)


async def test_audio_at_the_pace_of_speech_waits_however_far_the_service_is_behind() -> None:
    now = 100.0
    source = SessionInput(Limits(max_backlog_s=1), 60, 0, lambda: 0, clock=lambda: now)
    source.put(MONO)
    spoken = [bytes([second, 0]) * 16_000 for second in range(100)]
    for pcm in spoken:
        source.feed(pcm)
        now += 1
        assert source.is_live
    assert await source.receive(in_speech=False) == MONO
    received = b""
    while len(received) < len(b"".join(spoken)):
        message = await source.receive(in_speech=False)
        assert isinstance(message, bytes)
        received += message
    assert received == b"".join(spoken)
    source.free()


def test_a_client_is_live_unless_audio_that_it_sent_faster_than_speech_is_still_to_be_delivered() -> None:
    acknowledged_ms, now = 0, 100.0
    source = SessionInput(Limits(), 60, 0, lambda: acknowledged_ms, clock=lambda: now)
    source.put(MONO)
    for _ in range(5):
        source.feed(SECOND)
    assert source.is_live
    for _ in range(15):
        source.feed(SECOND)
    now += 60
    assert not source.is_live
    source.feed(SECOND)
    acknowledged_ms = 19_999
    assert not source.is_live
    acknowledged_ms = 20_000
    assert source.is_live


async def test_audio_that_comes_faster_than_speech_waits_however_much_it_is() -> None:
    source = new_input(limits=Limits(max_backlog_s=1))
    source.put(MONO)
    spoken = [bytes([second, 0]) * 16_000 for second in range(100)]
    for pcm in spoken:
        source.feed(pcm)
    source.put(Command.END)
    assert await source.receive(in_speech=False) == MONO
    received = b""
    while isinstance(message := await source.receive(in_speech=False), bytes):
        received += message
    assert received == b"".join(spoken)
    source.free()


def test_audio_of_a_resumed_conversation_counts_towards_the_length_of_the_session() -> None:
    source = new_input(begin_ms=9_000, acknowledged_ms=9_000, limits=Limits(max_session_s=10))
    source.put(MONO)
    source.feed(SECOND)
    with pytest.raises(SessionTooLong):
        source.feed(SECOND)


def test_a_flood_of_commands_is_refused() -> None:
    source = new_input()
    source.put(MONO)
    for _ in range(MAX_COMMANDS - 1):
        source.put(Command.FLUSH)
    with pytest.raises(Overloaded, match="commands and settings wait"):
        source.put(Command.FLUSH)


async def test_a_drain_ends_the_input_when_nobody_speaks() -> None:
    source = new_input()
    source.put(MONO)
    source.drain()
    source.put(Command.FLUSH)
    assert await source.receive(in_speech=True) == MONO
    assert await source.receive(in_speech=True) is Command.DRAIN
    assert await source.receive(in_speech=True) is Command.FLUSH
    assert await source.receive(in_speech=False) is None
    assert (source.ended, source.drained) == (False, True)


async def test_a_drain_ends_the_input_in_the_middle_of_speech_when_its_time_is_over() -> None:
    source = new_input(drain_s=0.05)
    source.drain()
    assert await source.receive(in_speech=True) is Command.DRAIN
    assert await source.receive(in_speech=True) is None
    assert source.drained


async def test_messages_that_are_late_for_a_drain_are_left() -> None:
    source = new_input(drain_s=0)
    source.put(MONO)
    source.drain()
    source.feed(SECOND)
    assert await source.receive(in_speech=True) == MONO
    assert await source.receive(in_speech=True) is Command.DRAIN
    await asyncio.sleep(0.01)
    assert await source.receive(in_speech=True) is None


@pytest.mark.parametrize("ends", [False, True])
async def test_a_drain_does_not_wait_for_the_audio_of_a_client_that_is_far_ahead(ends: bool) -> None:
    source = new_input(limits=Limits(max_backlog_s=1))
    source.put(MONO)
    for _ in range(10):
        source.feed(SECOND)
    if ends:
        source.put(Command.END)
    source.drain()
    assert await source.receive(in_speech=True) is Command.DRAIN
    assert await source.receive(in_speech=True) == MONO
    assert await source.receive(in_speech=True) == SECOND
    assert await source.receive(in_speech=False) is None
    assert source.drained


async def test_a_second_drain_does_not_prolong_the_first_and_one_after_end_is_none() -> None:
    source = new_input()
    source.drain()
    source.drain()
    source.put(Command.END)
    source.drain()
    assert await source.receive(in_speech=True) is Command.DRAIN
    assert await source.receive(in_speech=True) is None
    assert not source.drained


def test_audio_that_came_faster_than_speech_is_due_at_the_pace_of_speech() -> None:
    source = new_input(begin_ms=5_000, acknowledged_ms=5_000)
    source.put(MONO)
    began = time.monotonic()
    source.feed(10 * SECOND)
    # Ten seconds came at once: the end of the fourth was spoken four seconds after the beginning.
    assert source.spoken_at(9_000, position_ms=15_000) == pytest.approx(began + 4, abs=0.5)
