"""How events of clients are decoded, and failures reported."""

import json
from typing import Any, Literal

import pytest
from openai.types.realtime import RealtimeErrorEvent
from pydantic import Field

from sokuji.api.openai.wire import ClientEvent, InvalidEvent, decode_audio, decode_event, error_event, new_id
from sokuji.errors import InvalidAudio, Overloaded


class Append(ClientEvent):
    type: Literal["append"]
    audio: str
    nested: dict[str, int] = Field(default_factory=dict)


KINDS = {"append": Append}


def test_an_event_is_decoded_and_unknown_fields_are_left_out() -> None:
    event = decode_event('{"type": "append", "audio": "AAA=", "event_id": "e1", "later": 1}', KINDS)
    assert (event.audio, event.event_id) == ("AAA=", "e1")


@pytest.mark.parametrize(
    ("frame", "param"),
    [
        (b"\0", None),
        ("{", None),
        ("[" * 100_000, None),
        ("[]", "type"),
        ('{"type": ["append"]}', "type"),
        ('{"type": "other", "event_id": "e1"}', "type"),
        ('{"type": "append", "event_id": "e1"}', "audio"),
        ('{"type": "append", "audio": 1, "event_id": "e1"}', "audio"),
        ('{"type": "append", "audio": "", "nested": {"a": "b"}, "event_id": "e1"}', "nested.a"),
        (json.dumps({"type": "append", "audio": "", "event_id": "x" * 513}), "event_id"),
    ],
)
def test_a_bad_event_names_its_field_and_the_event(frame: str | bytes, param: str | None) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        decode_event(frame, KINDS)
    assert refusal.value.param == param
    sent = error_event(refusal.value)
    RealtimeErrorEvent.model_validate(sent, strict=True)
    assert sent["error"]["event_id"] == ("e1" if isinstance(frame, str) and '"e1"' in frame else None)


@pytest.mark.parametrize("encoded", ["A", "A===", "ä", "AA A"])
def test_audio_that_is_not_base64_is_refused(encoded: str) -> None:
    with pytest.raises(InvalidAudio, match="audio"):
        decode_audio(encoded)


def test_a_failure_of_the_service_says_so() -> None:
    error: dict[str, Any] = error_event(Overloaded("full"), "e2")["error"]
    assert error == {
        "type": "server_error", "code": "overloaded", "message": "full", "param": None, "event_id": "e2"
    }  # fmt: skip


def test_ids_differ_and_name_their_kind() -> None:
    assert new_id("item").startswith("item_")
    assert len({new_id("event") for _ in range(1_000)}) == 1_000
