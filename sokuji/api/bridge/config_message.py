"""The ``config`` message of the bridge API, version 1 (docs/api.md): what opens or resumes a session.

It is validated strictly: a value of another type, or an unknown field, is refused.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sokuji import languages
from sokuji.audio.pcm import MAX_CHANNELS, MAX_RATE, MIN_RATE
from sokuji.errors import InvalidRequest
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.protocol import (
    MAX_CONTEXT_CHARS,
    MAX_RESUME_TEXT_CHARS,
    MAX_SOURCE_LANGUAGES,
    MAX_SPEAKERS,
    MAX_SPEED,
    MAX_TARGET_LANGUAGES,
    MAX_VOICE_ID_CHARS,
    MIN_SPEED,
    AudioEncoding,
    Commit,
    OutputMode,
)
from sokuji.session.conversation import ConversationSettings
from sokuji.text.glossary import check as check_glossary

VoiceId = Annotated[str, Field(max_length=MAX_VOICE_ID_CHARS)]
Rate = Annotated[int, Field(ge=MIN_RATE, le=MAX_RATE)]
_SESSION_ID = re.compile("[0-9a-f]{32}")


class StrictMessage(BaseModel):
    """What all messages of a client have in common."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a session goes on after its connection was lost; all of it comes from the server's messages."""

    session_id: str
    from_ms: int
    """``through_ms`` of the last ack: the client sends its audio from there on."""
    text: str
    """``text`` of the last ack."""


class ConfigMessage(StrictMessage):
    """Opens the session, or changes its settings from the next utterance on."""

    type: Literal["config"]
    source_language: str = languages.AUTO
    source_languages: list[str] | None = Field(None, min_length=1, max_length=MAX_SOURCE_LANGUAGES)
    target_language: str | None = None
    target_languages: list[str] | None = Field(None, min_length=1, max_length=MAX_TARGET_LANGUAGES)
    both_ways: bool = False
    voice_id: VoiceId = DEFAULT_VOICE
    sample_rate: Rate = 16_000
    channels: int = Field(1, ge=1, le=MAX_CHANNELS)
    output: OutputMode = "audio"
    audio_encoding: AudioEncoding = "wav_base64"
    output_sample_rate: Rate | None = None
    speed: float = Field(1.0, ge=MIN_SPEED, le=MAX_SPEED, strict=False)
    context: str = Field("", max_length=MAX_CONTEXT_CHARS)
    glossary: dict[str, str] = Field(default_factory=dict)
    partials: bool = False
    commit: Commit | None = None
    diarize: bool = False
    max_speakers: int | None = Field(None, ge=1, le=MAX_SPEAKERS)
    speaker_voices: dict[str, VoiceId] = Field(default_factory=dict, max_length=MAX_SPEAKERS)
    session_id: str | None = None
    resume_from_ms: int | None = Field(None, ge=0)
    resume_text: str = Field("", max_length=MAX_RESUME_TEXT_CHARS)
    broadcast: bool = False

    def conversation(self) -> ConversationSettings:
        """The settings of the session.

        Raises:
            InvalidRequest: no target language, not the languages that ``both_ways`` needs, or an invalid
                glossary.
            UnsupportedLanguage: an unknown language tag.
        """
        check_glossary(self.glossary)
        return ConversationSettings(
            source_language=languages.parse_source(self.source_language),
            source_languages=languages.parse_sources(self.source_languages or ()),
            target_languages=self._each_to_the_others() if self.both_ways else self._targets(),
            both_ways=self.both_ways,
            voice_id=self.voice_id,
            input_sample_rate=self.sample_rate,
            channels=self.channels,
            speak=self.output == "audio",
            output_sample_rate=self.output_sample_rate,
            speed=self.speed,
            context=self.context,
            glossary=self.glossary,
            partials=self.partials,
            partial_translations=self.partials,
            commit=self.commit,
            diarize=self.diarize,
            max_speakers=self.max_speakers,
            speaker_voices=self.speaker_voices,
        )

    def _each_to_the_others(self) -> tuple[str, ...]:
        """The targets where what is said in one of the ``source_languages`` is translated to the others."""
        for name in ("target_language", "target_languages"):
            if getattr(self, name) is not None:
                raise InvalidRequest(
                    f"with both_ways the source_languages are translated to each other; leave out {name}",
                    param=name,
                )
        tags = self.source_languages or ()
        if len(languages.parse_sources(tags)) < 2:
            raise InvalidRequest(
                "both_ways needs the languages of the conversation in source_languages: two or more",
                param="source_languages",
            )
        return tuple(dict.fromkeys(languages.parse(tag, "source_languages") for tag in tags))

    def _targets(self) -> tuple[str, ...]:
        one = (
            [] if self.target_language is None else [languages.parse(self.target_language, "target_language")]
        )
        more = [languages.parse(tag, "target_languages") for tag in self.target_languages or ()]
        if not one + more:
            raise InvalidRequest(
                "target_language or target_languages is missing; name a language to translate to, "
                "or set both_ways",
                param="target_language",
            )
        return tuple(dict.fromkeys(one + more))

    def resumption(self) -> Resumption | None:
        """Where the session goes on; None: it is a new session.

        Raises:
            InvalidRequest: a field of a resumption without the others, or a malformed session id.
        """
        if self.session_id is None:
            for name in ("resume_from_ms", "resume_text"):
                if getattr(self, name) not in (None, ""):
                    raise InvalidRequest(f"{name} needs the session_id of the session to resume", param=name)
            return None
        if not _SESSION_ID.fullmatch(self.session_id):
            raise InvalidRequest(
                "session_id must be that of the ready event: 32 hex digits", param="session_id"
            )
        if self.resume_from_ms is None:
            raise InvalidRequest(
                "session_id needs resume_from_ms, the through_ms of the last ack (0 where none came)",
                param="resume_from_ms",
            )
        return Resumption(self.session_id, self.resume_from_ms, self.resume_text)
