from sokuji.proto import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Config(_message.Message):
    __slots__ = ("source_language", "source_languages", "target_language", "target_languages", "voice_id", "sample_rate", "channels", "output", "output_sample_rate", "speed", "context", "glossary", "partials", "commit", "session_id", "resume_from_ms", "resume_text", "both_ways", "broadcast", "diarize", "max_speakers", "speaker_voices")
    class GlossaryEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class SpeakerVoicesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SOURCE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    VOICE_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    GLOSSARY_FIELD_NUMBER: _ClassVar[int]
    PARTIALS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_FROM_MS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TEXT_FIELD_NUMBER: _ClassVar[int]
    BOTH_WAYS_FIELD_NUMBER: _ClassVar[int]
    BROADCAST_FIELD_NUMBER: _ClassVar[int]
    DIARIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_SPEAKERS_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_VOICES_FIELD_NUMBER: _ClassVar[int]
    source_language: str
    source_languages: _containers.RepeatedScalarFieldContainer[str]
    target_language: str
    target_languages: _containers.RepeatedScalarFieldContainer[str]
    voice_id: str
    sample_rate: int
    channels: int
    output: str
    output_sample_rate: int
    speed: float
    context: str
    glossary: _containers.ScalarMap[str, str]
    partials: bool
    commit: str
    session_id: str
    resume_from_ms: int
    resume_text: str
    both_ways: bool
    broadcast: bool
    diarize: bool
    max_speakers: int
    speaker_voices: _containers.ScalarMap[str, str]
    def __init__(self, source_language: _Optional[str] = ..., source_languages: _Optional[_Iterable[str]] = ..., target_language: _Optional[str] = ..., target_languages: _Optional[_Iterable[str]] = ..., voice_id: _Optional[str] = ..., sample_rate: _Optional[int] = ..., channels: _Optional[int] = ..., output: _Optional[str] = ..., output_sample_rate: _Optional[int] = ..., speed: _Optional[float] = ..., context: _Optional[str] = ..., glossary: _Optional[_Mapping[str, str]] = ..., partials: _Optional[bool] = ..., commit: _Optional[str] = ..., session_id: _Optional[str] = ..., resume_from_ms: _Optional[int] = ..., resume_text: _Optional[str] = ..., both_ways: _Optional[bool] = ..., broadcast: _Optional[bool] = ..., diarize: _Optional[bool] = ..., max_speakers: _Optional[int] = ..., speaker_voices: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ConverseRequest(_message.Message):
    __slots__ = ("config", "audio", "flush", "cancel", "end")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    FLUSH_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    config: Config
    audio: bytes
    flush: _common_pb2.Empty
    cancel: _common_pb2.Empty
    end: _common_pb2.Empty
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., audio: _Optional[bytes] = ..., flush: _Optional[_Union[_common_pb2.Empty, _Mapping]] = ..., cancel: _Optional[_Union[_common_pb2.Empty, _Mapping]] = ..., end: _Optional[_Union[_common_pb2.Empty, _Mapping]] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("session_id", "source_language", "target_languages", "input_sample_rate", "output_sample_rate", "version", "broadcast")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    INPUT_SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BROADCAST_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    source_language: str
    target_languages: _containers.RepeatedScalarFieldContainer[str]
    input_sample_rate: int
    output_sample_rate: int
    version: str
    broadcast: str
    def __init__(self, session_id: _Optional[str] = ..., source_language: _Optional[str] = ..., target_languages: _Optional[_Iterable[str]] = ..., input_sample_rate: _Optional[int] = ..., output_sample_rate: _Optional[int] = ..., version: _Optional[str] = ..., broadcast: _Optional[str] = ...) -> None: ...

class Speech(_message.Message):
    __slots__ = ("state", "at_ms", "segment_id")
    STATE_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    state: str
    at_ms: int
    segment_id: int
    def __init__(self, state: _Optional[str] = ..., at_ms: _Optional[int] = ..., segment_id: _Optional[int] = ...) -> None: ...

class SpokenTurn(_message.Message):
    __slots__ = ("speaker", "text")
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    speaker: str
    text: str
    def __init__(self, speaker: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Transcription(_message.Message):
    __slots__ = ("segment_id", "text", "language", "is_final", "confidence", "start_ms", "end_ms", "stable_chars", "provider", "snr_db", "timestamp", "speaker", "turns")
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    END_MS_FIELD_NUMBER: _ClassVar[int]
    STABLE_CHARS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SNR_DB_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    segment_id: int
    text: str
    language: str
    is_final: bool
    confidence: float
    start_ms: int
    end_ms: int
    stable_chars: int
    provider: str
    snr_db: float
    timestamp: int
    speaker: str
    turns: _containers.RepeatedCompositeFieldContainer[SpokenTurn]
    def __init__(self, segment_id: _Optional[int] = ..., text: _Optional[str] = ..., language: _Optional[str] = ..., is_final: _Optional[bool] = ..., confidence: _Optional[float] = ..., start_ms: _Optional[int] = ..., end_ms: _Optional[int] = ..., stable_chars: _Optional[int] = ..., provider: _Optional[str] = ..., snr_db: _Optional[float] = ..., timestamp: _Optional[int] = ..., speaker: _Optional[str] = ..., turns: _Optional[_Iterable[_Union[SpokenTurn, _Mapping]]] = ...) -> None: ...

class Translation(_message.Message):
    __slots__ = ("segment_id", "clause", "text", "source_language", "target_language", "is_final", "provider", "score", "timestamp", "speaker")
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    segment_id: int
    clause: int
    text: str
    source_language: str
    target_language: str
    is_final: bool
    provider: str
    score: float
    timestamp: int
    speaker: str
    def __init__(self, segment_id: _Optional[int] = ..., clause: _Optional[int] = ..., text: _Optional[str] = ..., source_language: _Optional[str] = ..., target_language: _Optional[str] = ..., is_final: _Optional[bool] = ..., provider: _Optional[str] = ..., score: _Optional[float] = ..., timestamp: _Optional[int] = ..., speaker: _Optional[str] = ...) -> None: ...

class PartialTranslation(_message.Message):
    __slots__ = ("segment_id", "clause", "text", "stable_chars", "source_language", "target_language", "provider", "timestamp")
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STABLE_CHARS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    segment_id: int
    clause: int
    text: str
    stable_chars: int
    source_language: str
    target_language: str
    provider: str
    timestamp: int
    def __init__(self, segment_id: _Optional[int] = ..., clause: _Optional[int] = ..., text: _Optional[str] = ..., stable_chars: _Optional[int] = ..., source_language: _Optional[str] = ..., target_language: _Optional[str] = ..., provider: _Optional[str] = ..., timestamp: _Optional[int] = ...) -> None: ...

class Audio(_message.Message):
    __slots__ = ("segment_id", "clause", "chunk", "target_language", "pcm", "sample_rate", "last", "format", "provider", "timestamp", "speaker")
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PCM_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    segment_id: int
    clause: int
    chunk: int
    target_language: str
    pcm: bytes
    sample_rate: int
    last: bool
    format: str
    provider: str
    timestamp: int
    speaker: str
    def __init__(self, segment_id: _Optional[int] = ..., clause: _Optional[int] = ..., chunk: _Optional[int] = ..., target_language: _Optional[str] = ..., pcm: _Optional[bytes] = ..., sample_rate: _Optional[int] = ..., last: _Optional[bool] = ..., format: _Optional[str] = ..., provider: _Optional[str] = ..., timestamp: _Optional[int] = ..., speaker: _Optional[str] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("through_ms", "text", "clauses")
    THROUGH_MS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    through_ms: int
    text: str
    clauses: int
    def __init__(self, through_ms: _Optional[int] = ..., text: _Optional[str] = ..., clauses: _Optional[int] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("load", "lag_ms", "voice_left_out")
    LOAD_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    VOICE_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    load: str
    lag_ms: int
    voice_left_out: bool
    def __init__(self, load: _Optional[str] = ..., lag_ms: _Optional[int] = ..., voice_left_out: _Optional[bool] = ...) -> None: ...

class Draining(_message.Message):
    __slots__ = ("reconnect_within_ms",)
    RECONNECT_WITHIN_MS_FIELD_NUMBER: _ClassVar[int]
    reconnect_within_ms: int
    def __init__(self, reconnect_within_ms: _Optional[int] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "message", "param", "fatal", "segment_id", "retry_after_s", "request_id", "target_language")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PARAM_FIELD_NUMBER: _ClassVar[int]
    FATAL_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_S_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    param: str
    fatal: bool
    segment_id: int
    retry_after_s: float
    request_id: str
    target_language: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., param: _Optional[str] = ..., fatal: _Optional[bool] = ..., segment_id: _Optional[int] = ..., retry_after_s: _Optional[float] = ..., request_id: _Optional[str] = ..., target_language: _Optional[str] = ...) -> None: ...

class Attendance(_message.Message):
    __slots__ = ("listeners", "languages")
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    listeners: int
    languages: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, listeners: _Optional[int] = ..., languages: _Optional[_Iterable[str]] = ...) -> None: ...

class ConverseEvent(_message.Message):
    __slots__ = ("ready", "speech", "transcription", "translation", "audio", "ack", "status", "draining", "error", "done", "partial_translation", "attendance")
    READY_FIELD_NUMBER: _ClassVar[int]
    SPEECH_FIELD_NUMBER: _ClassVar[int]
    TRANSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TRANSLATION_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_TRANSLATION_FIELD_NUMBER: _ClassVar[int]
    ATTENDANCE_FIELD_NUMBER: _ClassVar[int]
    ready: Ready
    speech: Speech
    transcription: Transcription
    translation: Translation
    audio: Audio
    ack: Ack
    status: Status
    draining: Draining
    error: Error
    done: _common_pb2.Empty
    partial_translation: PartialTranslation
    attendance: Attendance
    def __init__(self, ready: _Optional[_Union[Ready, _Mapping]] = ..., speech: _Optional[_Union[Speech, _Mapping]] = ..., transcription: _Optional[_Union[Transcription, _Mapping]] = ..., translation: _Optional[_Union[Translation, _Mapping]] = ..., audio: _Optional[_Union[Audio, _Mapping]] = ..., ack: _Optional[_Union[Ack, _Mapping]] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., draining: _Optional[_Union[Draining, _Mapping]] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., done: _Optional[_Union[_common_pb2.Empty, _Mapping]] = ..., partial_translation: _Optional[_Union[PartialTranslation, _Mapping]] = ..., attendance: _Optional[_Union[Attendance, _Mapping]] = ...) -> None: ...
