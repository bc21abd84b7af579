"""The WebSocket protocol of the bridge API, version 1: names and fields that the server and the client share.

docs/api.md defines their meaning. The fields of an event's frame are those of its class in ``sokuji.events``.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, Required, TypedDict

from sokuji import events

SOCKET_PATH = "/api/v1/ws/translate"
LISTEN_PATH = "/api/v1/ws/listen"

AudioEncoding = Literal["wav_base64", "pcm_binary"]
"""How the service sends audio: inside the ``audio`` frame, or in a binary frame that follows it."""
Commit = Literal["auto", "utterance", "clause"]
"""What is translated and spoken in one piece, as soon as it is complete: utterances, clauses, or (``auto``)
utterances, and clauses of one whose speaker runs on."""
OutputMode = Literal["audio", "captions"]
Command = Literal["flush", "end", "cancel"]
"""Client messages without fields."""

MAX_SOURCE_LANGUAGES = 32
MAX_TARGET_LANGUAGES = 32
MAX_VOICE_ID_CHARS = 200
MAX_CONTEXT_CHARS = 1_000
MAX_RESUME_TEXT_CHARS = 2_000
DEFAULT_MAX_SPEAKERS, MAX_SPEAKERS = 8, 32
MIN_SPEED, MAX_SPEED = 0.5, 2.0


class ConfigFields(TypedDict, total=False):
    """The ``config`` message. The service has a default for each optional field."""

    type: Required[Literal["config"]]
    source_language: str
    source_languages: Sequence[str]
    target_language: str
    target_languages: Sequence[str]
    both_ways: bool
    voice_id: str
    sample_rate: int
    channels: int
    output: OutputMode
    audio_encoding: AudioEncoding
    output_sample_rate: int
    speed: float
    context: str
    glossary: Mapping[str, str]
    partials: bool
    commit: Commit
    diarize: bool
    max_speakers: int
    speaker_voices: Mapping[str, str]
    session_id: str
    resume_from_ms: int
    resume_text: str
    broadcast: bool


class ListenFields(TypedDict, total=False):
    """The ``listen`` message. The service has a default for each optional field."""

    type: Required[Literal["listen"]]
    broadcast: Required[str]
    language: Required[str]
    output: OutputMode
    audio_encoding: AudioEncoding
    after: int


EVENT_TYPES: Mapping[type[events.Event], str] = MappingProxyType(
    {
        events.Ready: "ready",
        events.Speech: "speech",
        events.Transcription: "transcription",
        events.TranslationText: "translation",
        events.PartialTranslation: "partial_translation",
        events.Audio: "audio",
        events.Ack: "ack",
        events.Status: "status",
        events.Draining: "draining",
        events.Attendance: "attendance",
        events.Failed: "error",
        events.Done: "done",
    }
)
"""Event class -> ``type`` of its frame."""

LISTENER_EVENT_TYPES: Mapping[type[events.ListenerEvent], str] = MappingProxyType(
    {
        events.ListeningOffer: "offer",
        events.Joined: "joined",
        events.BroadcastChanged: "broadcast",
        events.VoiceSkipped: "skipped",
        events.Transcription: "transcription",
        events.TranslationText: "translation",
        events.Audio: "audio",
        events.Draining: "draining",
        events.Failed: "error",
        events.Done: "done",
    }
)
"""As ``EVENT_TYPES``, of a listener's connection."""

AUDIO_FORMATS: Mapping[AudioEncoding, str] = MappingProxyType(
    {"wav_base64": "wav", "pcm_binary": "pcm_s16le"}
)
"""``format`` of an ``audio`` frame."""
