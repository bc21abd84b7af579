"""The WebSocket messages: what is accepted, how refusals read, and the frames of events."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji import events
from sokuji.api.wire import AudioMessage, CommandMessage, ConfigMessage, decode_message, encode_event
from sokuji.errors import InvalidAudio, InvalidRequest, NotSupported, SokujiError, UnsupportedLanguage
from sokuji.inbox import Conversation


def config(**fields: object) -> Conversation:
    message = decode_message(json.dumps({"type": "config", "target_language": "en", **fields}))
    assert isinstance(message, ConfigMessage)
    return message.conversation()


def test_a_minimal_config_has_the_defaults_of_the_contract() -> None:
    assert config() == Conversation(
        source_language=None,
        target_language="en",
        voice_id="default",
        input_sample_rate=16_000,
        channels=1,
        speak=True,
        output_sample_rate=None,
        speed=1.0,
    )


def test_every_field_reaches_the_session() -> None:
    assert config(
        source_language="pt-BR", target_language="EN", voice_id="joe", sample_rate=48_000, channels=2,
        output="captions", output_sample_rate=8_000, speed=1.5, context="Sokuji", partials=False,
    ) == Conversation(
        source_language="pt", target_language="en", voice_id="joe", input_sample_rate=48_000, channels=2,
        speak=False, output_sample_rate=8_000, speed=1.5, context="Sokuji",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target_languages", ["en"]),
        ("glossary", {}),
        ("session_id", "x"),
        ("resume_from_ms", 0),
        ("partials", True),
    ],
)
def test_fields_of_later_features_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(NotSupported, match=field) as caught:
        config(**{field: value})
    assert caught.value.param == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 4_000), ("sample_rate", "16000"), ("channels", 0), ("channels", 9), ("speed", 3),
        ("output", "video"), ("audio_encoding", "mp3"), ("colour", "red"), ("voice_id", 5),
        ("context", "x" * 2_000),
    ],
)  # fmt: skip
def test_bad_values_are_refused_by_field(field: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=field) as caught:
        config(**{field: value})
    assert caught.value.param == field


def test_unknown_languages_name_their_field() -> None:
    with pytest.raises(UnsupportedLanguage) as caught:
        config(source_language="klingon")
    assert caught.value.param == "source_language"
    with pytest.raises(UnsupportedLanguage) as caught:
        config(target_language="auto")
    assert caught.value.param == "target_language"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", '"audio"', '{"type": "dance"}', '{"type": 5}', "{}"]
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_message(text)


@given(st.text(max_size=200))
def test_no_text_frame_raises_anything_else(text: str) -> None:
    with pytest.raises(SokujiError):
        decode_message(text)


def test_audio_is_strict_base64() -> None:
    message = decode_message(
        json.dumps({"type": "audio", "data": base64.b64encode(b"ab").decode(), "timestamp": 1.5})
    )
    assert isinstance(message, AudioMessage)
    assert message.pcm() == b"ab"
    with pytest.raises(InvalidAudio, match="base64"):
        AudioMessage(type="audio", data="a!b").pcm()


def test_commands_are_told_apart() -> None:
    for name in ("flush", "end", "cancel"):
        message = decode_message(json.dumps({"type": name}))
        assert isinstance(message, CommandMessage)
        assert message.type == name


def test_audio_goes_out_as_a_wav_of_its_own_or_as_a_frame_of_samples() -> None:
    event = events.Audio(
        segment_id=3, clause=0, chunk=1, target_language="en", pcm=b"\1\0\2\0", sample_rate=22_050, last=True
    )
    (frame,) = encode_event(event, "wav_base64")
    assert isinstance(frame, dict)
    wav = base64.b64decode(frame["data"])
    assert (wav[:4], wav[44:], frame["format"], frame["last"]) == (b"RIFF", b"\1\0\2\0", "wav", True)
    header, pcm = encode_event(event, "pcm_binary")
    assert isinstance(header, dict)
    assert (header["format"], header["sample_rate"], "data" in header, pcm) == (
        "pcm_s16le",
        22_050,
        False,
        b"\1\0\2\0",
    )


def test_errors_carry_code_message_param_and_whether_they_are_fatal() -> None:
    event = events.Failed(InvalidAudio("odd", param="data"), fatal=False, segment_id=2)
    assert encode_event(event, "wav_base64") == [
        {
            "type": "error",
            "code": "invalid_audio",
            "message": "odd",
            "param": "data",
            "fatal": False,
            "segment_id": 2,
        }
    ]
