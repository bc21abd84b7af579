"""WebSocket messages: which are accepted, how others are refused, and the frames of events."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji import __version__, events
from sokuji.api.bridge.config_message import ConfigMessage, Resumption
from sokuji.api.bridge.messages import AudioMessage, CommandMessage, decode_message, encode_event
from sokuji.errors import InvalidAudio, InvalidRequest, SokujiError, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.session.conversation import ConversationSettings

SESSION_ID = "0123456789abcdef" * 2


def message(**fields: object) -> ConfigMessage:
    decoded = decode_message(json.dumps({"type": "config", **fields}))
    assert isinstance(decoded, ConfigMessage)
    return decoded


def config(**fields: object) -> ConversationSettings:
    return message(**{"target_language": "en", **fields}).conversation()


def test_a_minimal_config_has_the_defaults_of_the_contract() -> None:
    assert config() == ConversationSettings(
        source_language=None,
        target_languages=("en",),
        voice_id="default",
        input_sample_rate=16_000,
        channels=1,
        speak=True,
        output_sample_rate=None,
        speed=1.0,
        context="",
        glossary={},
        partials=False,
        commit=None,
    )
    assert message(target_language="en").resumption() is None


def test_every_field_reaches_the_session() -> None:
    assert config(
        source_language="pt-BR", target_language="EN", voice_id="joe", sample_rate=48_000, channels=2,
        output="captions", output_sample_rate=8_000, speed=1.5, context="Sokuji", partials=True,
        glossary={"ponte": "Bridge", "Sokuji": "Sokuji"}, commit="utterance",
        diarize=True, max_speakers=2, speaker_voices={"speaker_1": "joe"},
    ) == ConversationSettings(
        source_language="pt", target_languages=("en",), voice_id="joe", input_sample_rate=48_000, channels=2,
        speak=False, output_sample_rate=8_000, speed=1.5, context="Sokuji", partials=True,
        partial_translations=True,
        glossary={"ponte": "Bridge", "Sokuji": "Sokuji"}, commit="utterance",
        diarize=True, max_speakers=2, speaker_voices={"speaker_1": "joe"},
    )  # fmt: skip


def test_candidates_of_detection_are_canonical_codes_each_once() -> None:
    assert config(source_languages=["pt-BR", "en", "PT"]).source_languages == ("pt", "en")
    assert config(source_languages=None).source_languages == ()
    for refused in ([], ["auto"], ["pt", "klingon"], "pt", ["pt"] * 33):
        with pytest.raises((InvalidRequest, UnsupportedLanguage)) as caught:
            config(source_languages=refused)
        assert caught.value.param == "source_languages"


@pytest.mark.parametrize(
    ("fields", "targets"),
    [
        ({"target_languages": ["en"]}, ("en",)),
        ({"target_languages": ["fr", "pt-BR", "pt", "fr"]}, ("fr", "pt")),
        ({"target_language": "en", "target_languages": ["fr", "EN", "de"]}, ("en", "fr", "de")),
        ({"target_language": "en", "target_languages": None}, ("en",)),
        ({"target_language": None, "target_languages": ["ja"]}, ("ja",)),
    ],
)
def test_target_languages_are_merged_with_target_language_first(
    fields: dict[str, object], targets: tuple[str, ...]
) -> None:
    assert message(**fields).conversation().target_languages == targets


TAGS = {code: code.upper() for code in LANGUAGES}
SPOKEN = sorted({language.spoken for language in LANGUAGES.values()})


@given(st.lists(st.sampled_from(SPOKEN), min_size=2, max_size=32, unique=True))
def test_both_ways_each_language_is_spoken_and_translated_to_the_others(codes: list[str]) -> None:
    settings = message(both_ways=True, source_languages=[TAGS[code] for code in codes]).conversation()
    assert settings.source_languages == settings.target_languages == tuple(codes)
    for language in codes:
        others = [
            target for target in settings.target_languages if not settings.is_left_out(language, target)
        ]
        assert others == [code for code in codes if code != language]


def test_both_ways_a_language_is_written_as_the_client_names_it() -> None:
    settings = message(both_ways=True, source_languages=["zh-TW", "en"]).conversation()
    assert (settings.source_languages, settings.target_languages) == (("zh", "en"), ("zh-Hant", "en"))
    assert settings.is_left_out("zh", "zh-Hant")
    assert not settings.is_left_out("en", "zh-Hant")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "source_languages"),
        ({"source_languages": ["pt"]}, "source_languages"),
        ({"source_languages": ["pt", "pt-BR"]}, "source_languages"),
        ({"source_languages": ["zh", "zh-TW"]}, "source_languages"),
        ({"source_languages": ["pt", "klingon"]}, "source_languages"),
        ({"source_languages": ["pt", "en"], "target_language": "fr"}, "target_language"),
        ({"source_languages": ["pt", "en"], "target_languages": ["en"]}, "target_languages"),
        ({"both_ways": "yes", "source_languages": ["pt", "en"]}, "both_ways"),
    ],
)
def test_both_ways_takes_two_languages_or_more_and_no_others(fields: dict[str, object], param: str) -> None:
    with pytest.raises((InvalidRequest, UnsupportedLanguage)) as caught:
        message(**{"both_ways": True, **fields}).conversation()
    assert caught.value.param == param


def test_a_config_without_a_target_names_both_fields() -> None:
    with pytest.raises(InvalidRequest, match="target_language or target_languages") as caught:
        message(source_language="pt").conversation()
    assert caught.value.param == "target_language"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 4_000), ("sample_rate", "16000"), ("channels", 0), ("channels", 9), ("speed", 3),
        ("output", "video"), ("audio_encoding", "mp3"), ("colour", "red"), ("voice_id", 5),
        ("context", "x" * 2_000), ("target_languages", []), ("target_languages", ["en"] * 33),
        ("target_languages", "en"), ("target_languages", ["en", 5]), ("target_languages", ["klingon"]),
        ("glossary", ["a"]), ("glossary", {"a": 5}), ("glossary", {"": "b"}), ("partials", "yes"),
        ("partials", 1), ("commit", "word"), ("session_id", 5), ("resume_from_ms", -1),
        ("resume_from_ms", 1.5), ("resume_from_ms", "0"), ("resume_text", 5), ("resume_text", "x" * 2_001),
        ("diarize", 1), ("max_speakers", 0), ("max_speakers", 33), ("max_speakers", True),
        ("speaker_voices", {"speaker_1": 5}), ("speaker_voices", ["joe"]),
        ("speaker_voices", {"a": "x" * 201}),
    ],
)  # fmt: skip
def test_bad_values_are_refused_by_field(field: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=field) as caught:
        config(**{field: value})
    assert caught.value.param == field


def test_a_resumption_has_the_fields_of_the_last_ack() -> None:
    resumed = message(
        target_language="en", session_id=SESSION_ID, resume_from_ms=61_440, resume_text="Olá, mundo"
    )
    assert resumed.resumption() == Resumption(SESSION_ID, 61_440, "Olá, mundo")
    from_the_beginning = message(target_language="en", session_id=SESSION_ID, resume_from_ms=0)
    assert from_the_beginning.resumption() == Resumption(SESSION_ID, 0, "")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"session_id": SESSION_ID}, "resume_from_ms"),
        ({"session_id": SESSION_ID, "resume_text": "Olá"}, "resume_from_ms"),
        ({"resume_from_ms": 0}, "resume_from_ms"),
        ({"resume_text": "Olá"}, "resume_text"),
        ({"session_id": "x", "resume_from_ms": 0}, "session_id"),
        ({"session_id": "", "resume_from_ms": 0}, "session_id"),
        ({"session_id": SESSION_ID.upper(), "resume_from_ms": 0}, "session_id"),
        ({"session_id": SESSION_ID + "\n", "resume_from_ms": 0}, "session_id"),
    ],
)
def test_an_incomplete_resumption_is_refused_by_field(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequest, match=param) as caught:
        message(target_language="en", **fields).resumption()
    assert caught.value.param == param


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
def test_malformed_messages_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_message(text)


@given(st.text(max_size=200))
def test_a_text_frame_raises_nothing_but_a_sokuji_error(text: str) -> None:
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


def test_each_command_is_decoded_with_its_type() -> None:
    for name in ("flush", "end", "cancel"):
        message = decode_message(json.dumps({"type": name}))
        assert isinstance(message, CommandMessage)
        assert message.type == name


def test_audio_is_sent_as_base64_wav_or_as_a_binary_frame_of_samples() -> None:
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


@pytest.mark.parametrize(
    ("event", "frame"),
    [
        (
            events.Ready(
                session_id=SESSION_ID, source_language="auto", target_languages=("en", "fr"),
                input_sample_rate=16_000, output_sample_rate=None,
            ),
            {
                "type": "ready", "session_id": SESSION_ID, "source_language": "auto",
                "target_languages": ["en", "fr"], "input_sample_rate": 16_000, "output_sample_rate": None,
                "version": __version__,
            },
        ),
        (
            events.Speech(state="started", at_ms=320, segment_id=1),
            {"type": "speech", "state": "started", "at_ms": 320, "segment_id": 1},
        ),
        (
            events.Transcription(
                segment_id=1, text="Olá mun", language="pt", is_final=False, confidence=None, start_ms=0,
                end_ms=900, stable_chars=3, provider="ear", snr_db=21.5,
            ),
            {
                "type": "transcription", "text": "Olá mun", "language": "pt", "is_final": False,
                "confidence": None, "timestamp": None, "segment_id": 1, "start_ms": 0, "end_ms": 900,
                "stable_chars": 3, "provider": "ear", "snr_db": 21.5,
            },
        ),
        (
            events.TranslationText(
                segment_id=1, clause=2, text="", source_language="pt", target_language="en", is_final=True,
                provider="mind", score=0.75,
            ),
            {
                "type": "translation", "text": "", "source_language": "pt", "target_language": "en",
                "timestamp": None, "segment_id": 1, "clause": 2, "is_final": True, "provider": "mind",
                "score": 0.75,
            },
        ),
        (
            events.Transcription(
                segment_id=1, text="Olá. Oi.", language="pt", is_final=True, confidence=None, start_ms=0,
                end_ms=900, stable_chars=8, speaker="speaker_2",
                turns=tuple(
                    events.SpokenTurn(speaker=f"speaker_{number}", text=text)
                    for number, text in ((1, "Olá."), (2, "Oi."))
                ),
            ),
            {
                "type": "transcription", "text": "Olá. Oi.", "language": "pt", "is_final": True,
                "confidence": None, "timestamp": None, "segment_id": 1, "start_ms": 0, "end_ms": 900,
                "stable_chars": 8, "provider": None, "snr_db": None, "speaker": "speaker_2",
                "turns": [{"speaker": "speaker_1", "text": "Olá."}, {"speaker": "speaker_2", "text": "Oi."}],
            },
        ),
        (events.Ack(1_440, "Olá,", 1), {"type": "ack", "through_ms": 1_440, "text": "Olá,", "clauses": 1}),
        (
            events.Status(load="partials_slowed", lag_ms=800),
            {"type": "status", "load": "partials_slowed", "lag_ms": 800, "voice_left_out": False},
        ),
        (events.Draining(5_000), {"type": "draining", "reconnect_within_ms": 5_000}),
        (events.Done(), {"type": "done"}),
    ],
)  # fmt: skip
def test_every_event_has_the_frame_of_the_contract(event: events.Event, frame: dict[str, object]) -> None:
    (encoded,) = encode_event(event, "wav_base64")
    told = json.loads(json.dumps(encoded))
    if "timestamp" in frame:
        assert told["timestamp"] > 1_700_000_000_000
        frame = {**frame, "timestamp": told["timestamp"]}
    assert told == frame
