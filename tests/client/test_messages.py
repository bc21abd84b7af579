"""The client's decoder: frames with missing fields or values of the wrong type are refused by field."""

import json
from collections.abc import AsyncIterator
from dataclasses import MISSING, fields, replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sokuji import events
from sokuji.api.bridge.messages import encode_event
from sokuji.client.messages import ProtocolViolation, decode
from sokuji.errors import ProviderFailed
from sokuji.protocol import EVENT_TYPES
from tests.support.scripted_server import AUDIO, EVENTS, READY

SAMPLES = [
    READY,
    *{type(each): each for each in EVENTS}.values(),
    events.Failed(ProviderFailed("no voice", param="voice_id"), segment_id=3),
]
"""An event of each class."""
FIELDS = [
    (event, each.name)
    for event in SAMPLES
    if not isinstance(event, events.Failed)
    for each in fields(event)
    if each.name != "pcm"
]
"""``pcm`` is the binary message, or decoded from ``data``."""
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | FINITE | st.text(max_size=9)
    | st.sampled_from(["started", "stopped", "normal"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip


def frame_of(event: events.Event) -> dict[str, Any]:
    frame = encode_event(event, "wav_base64")[0]
    assert isinstance(frame, dict)
    return frame


async def decoded(*messages: dict[str, Any] | str | bytes) -> list[events.Event]:
    async def received() -> AsyncIterator[str | bytes]:
        for message in messages:
            yield json.dumps(message) if isinstance(message, dict) else message

    return [event async for event in decode(received())]


def test_the_samples_have_an_event_of_each_class() -> None:
    assert {type(event) for event in SAMPLES} == set(EVENT_TYPES)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (event, name)
        for event, name in FIELDS
        if next(each for each in fields(event) if each.name == name).default is MISSING
    ],
)
async def test_a_missing_field_is_named(event: events.Event, name: str) -> None:
    frame = frame_of(event)
    del frame[name]
    with pytest.raises(ProtocolViolation, match=f"{EVENT_TYPES[type(event)]} event: {name}: .*missing"):
        await decoded(frame)


@pytest.mark.parametrize(("event", "name"), FIELDS)
@given(value=JSON_VALUES)
async def test_a_value_is_accepted_exactly_where_strict_pydantic_accepts_it(
    event: events.Event, name: str, value: object
) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(get_type_hints(type(event))[name])
    frame = {**frame_of(event), name: value}
    try:
        expected = adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        with pytest.raises(ProtocolViolation, match=f"{EVENT_TYPES[type(event)]} event: {name}: "):
            await decoded(frame)
    else:
        (received,) = await decoded(frame)
        assert getattr(received, name) == expected


async def test_who_speaks_comes_back_as_it_was_sent() -> None:
    turns = (events.SpokenTurn(speaker="speaker_1", text="olá"), events.SpokenTurn(speaker=None, text="oi"))
    said = next(each for each in SAMPLES if isinstance(each, events.Transcription))
    for event in (
        replace(said, is_final=True, speaker="speaker_1", turns=turns),
        replace(said, speaker=None),
    ):
        (received,) = await decoded(frame_of(event))
        assert received == event


@pytest.mark.parametrize(
    "turn", [{}, {"speaker": "a"}, {"speaker": 1, "text": "b"}, {"text": "b"}, "a", None]
)
async def test_a_malformed_turn_is_refused(turn: object) -> None:
    said = next(each for each in SAMPLES if isinstance(each, events.Transcription))
    with pytest.raises(ProtocolViolation, match="transcription event: turns"):
        await decoded({**frame_of(said), "turns": [turn]})


@pytest.mark.parametrize("event", SAMPLES)
async def test_unknown_fields_are_ignored(event: events.Event) -> None:
    known, extended = frame_of(event), {**frame_of(event), "colour": ["red"]}
    assert [repr(each) for each in await decoded(extended)] == [repr(each) for each in await decoded(known)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("message", 5),
        ("code", None),
        ("param", []),
        ("fatal", "no"),
        ("segment_id", "3"),
        ("segment_id", True),
    ],
)
async def test_an_error_frame_with_a_value_of_the_wrong_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(ProtocolViolation, match=f"error event: {name}: "):
        await decoded({**frame_of(SAMPLES[-1]), name: value})


async def test_an_error_frame_needs_its_message_alone() -> None:
    (failed,) = await decoded({"type": "error", "message": "no voice"})
    assert isinstance(failed, events.Failed)
    assert (failed.error.as_dict(), failed.fatal, failed.segment_id) == (
        {"code": "internal_error", "message": "no voice", "param": None},
        False,
        None,
    )
    with pytest.raises(ProtocolViolation, match="error event: message: .*missing"):
        await decoded({"type": "error"})


@given(st.text() | JSON_VALUES.map(json.dumps))
async def test_a_text_message_that_is_no_event_raises_nothing_but_a_protocol_violation(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        await decoded(text)


@pytest.mark.parametrize("data", [5, None, "!", "AAAA", "ä"])
async def test_audio_data_that_is_no_wav_file_is_refused(data: object) -> None:
    with pytest.raises(ProtocolViolation, match="audio event: data is no WAV"):
        await decoded({**frame_of(AUDIO), "data": data})
