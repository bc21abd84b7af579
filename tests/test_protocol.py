"""The WebSocket protocol: what the server encodes the client decodes, and the other way round."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji import errors, events
from sokuji.api.bridge.config_message import ConfigMessage
from sokuji.api.bridge.messages import decode_message, encode_event
from sokuji.client.config import Config
from sokuji.client.messages import decode
from sokuji.protocol import (
    AUDIO_FORMATS,
    EVENT_TYPES,
    MAX_CONTEXT_CHARS,
    MAX_SOURCE_LANGUAGES,
    MAX_SPEAKERS,
    MAX_SPEED,
    MAX_TARGET_LANGUAGES,
    MAX_VOICE_ID_CHARS,
    MIN_SPEED,
    AudioEncoding,
    Commit,
    ConfigFields,
    OutputMode,
)

EVENT_CLASSES: tuple[type[events.Event], ...] = tuple(
    kind for kind in get_args(events.Event) if kind is not events.Boundary
)
"""``Boundary`` is for doors whose clients commit their audio themselves; the bridge has no message for it."""
ENCODINGS: tuple[AudioEncoding, ...] = get_args(AudioEncoding)
CLIENT_FIELDS = {each.name: each for each in fields(Config)}
NOT_IN_CONFIG = {"type", "session_id", "resume_from_ms", "resume_text"}
"""Fields that the client adds itself."""
RATES = st.integers(8_000, 48_000)
ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.SokujiError) and "code" in vars(kind)
]
"""All kinds that clients are told apart."""

CONFIGS = st.builds(
    Config,
    target_language=st.text(min_size=1, max_size=8),
    target_languages=st.lists(st.text(max_size=8), max_size=MAX_TARGET_LANGUAGES).map(tuple),
    source_language=st.text(min_size=1, max_size=8),
    source_languages=st.lists(st.text(max_size=8), max_size=MAX_SOURCE_LANGUAGES).map(tuple),
    voice_id=st.text(min_size=1, max_size=MAX_VOICE_ID_CHARS),
    sample_rate=RATES,
    channels=st.integers(1, 8),
    output=st.sampled_from(get_args(OutputMode)),
    output_sample_rate=st.none() | RATES,
    speed=st.floats(MIN_SPEED, MAX_SPEED),
    context=st.text(max_size=MAX_CONTEXT_CHARS),
    diarize=st.booleans(),
    max_speakers=st.none() | st.integers(1, MAX_SPEAKERS),
    speaker_voices=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
    glossary=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
    partials=st.booleans(),
    commit=st.none() | st.sampled_from(get_args(Commit)),
    audio_encoding=st.sampled_from(ENCODINGS),
)


def event_strategy(kind: type[events.Event]) -> st.SearchStrategy[events.Event]:
    """Events of a class, with every field drawn."""
    given_types = {
        float | None: st.none() | st.floats(allow_nan=False, allow_infinity=False),
        errors.SokujiError: st.builds(
            lambda error, message, param: error(message, param=param),
            st.sampled_from(ERRORS),
            st.text(),
            st.none() | st.text(),
        ),
        bytes: st.binary(max_size=40).map(lambda pcm: pcm + pcm),
    }
    arguments = {
        name: given_types.get(expected, st.from_type(expected))
        for name, expected in get_type_hints(kind).items()
    }
    if kind is events.Audio:
        arguments["sample_rate"] = RATES
    return st.builds(kind, **arguments)


def transferred(event: events.Event, encoding: AudioEncoding) -> list[events.Event]:
    """The events that the client decodes from the server's frames."""

    async def frames() -> AsyncIterator[str | bytes]:
        for frame in encode_event(event, encoding):
            yield frame if isinstance(frame, bytes) else json.dumps(frame)

    async def received() -> list[events.Event]:
        return [each async for each in decode(frames())]

    return asyncio.run(received())


def comparable(event: events.Event) -> object:
    """The event; of an error, which has no equality, its class and the fields that are sent."""
    if isinstance(event, events.Failed):
        return type(event.error), event.error.as_dict(), event.fatal, event.segment_id
    return event


def empty_as_none(value: Any) -> object:
    """The client leaves out empty values, and the server takes its default for a field that is missing."""
    return list(value) or None if isinstance(value, list | tuple) else value or None


def test_every_event_class_has_a_type_of_its_own() -> None:
    assert set(EVENT_TYPES) == set(EVENT_CLASSES)
    assert len(set(EVENT_TYPES.values())) == len(EVENT_TYPES)
    assert set(AUDIO_FORMATS) == set(ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_the_client_decodes_every_event_that_the_server_encodes(
    kind: type[events.Event], encoding: AudioEncoding
) -> None:
    @given(event_strategy(kind))
    def check(event: events.Event) -> None:
        assert [comparable(each) for each in transferred(event, encoding)] == [comparable(event)]

    check()


def test_client_and_server_have_the_same_config_fields() -> None:
    names = set(get_type_hints(ConfigFields))
    assert set(ConfigMessage.model_fields) == names
    assert set(CLIENT_FIELDS) == names - NOT_IN_CONFIG


@pytest.mark.parametrize("name", sorted(CLIENT_FIELDS.keys() - {"audio_encoding"}))
def test_a_config_field_has_the_same_default_at_both_ends(name: str) -> None:
    server = ConfigMessage.model_fields[name].get_default(call_default_factory=True)
    client = getattr(Config(target_language="en"), name) if name != "target_language" else ""
    assert empty_as_none(client) == empty_as_none(server)


def test_the_client_names_the_one_field_whose_default_differs() -> None:
    """The bridge's first clients know no binary frames, so the server cannot change its default."""
    assert ConfigMessage.model_fields["audio_encoding"].default == "wav_base64"
    assert Config(target_language="en").message()["audio_encoding"] == "pcm_binary"


BOTH_WAYS = st.builds(
    Config,
    both_ways=st.just(True),
    source_languages=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=MAX_SOURCE_LANGUAGES).map(
        tuple
    ),
)


@given(CONFIGS | BOTH_WAYS)
def test_the_server_reads_from_a_config_message_what_the_client_wrote(config: Config) -> None:
    message = decode_message(json.dumps(config.message()))
    assert isinstance(message, ConfigMessage)
    for name in CLIENT_FIELDS:
        assert empty_as_none(getattr(message, name)) == empty_as_none(getattr(config, name))


def test_an_error_that_has_its_code_from_another_kind_is_that_kind_for_clients() -> None:
    lost = events.Failed(errors.ReplicaLost("gone"))
    assert lost.error.code == errors.ProviderUnavailable.code
    assert errors.ReplicaLost not in ERRORS
    assert len({kind.code for kind in ERRORS}) == len(ERRORS)
