"""The configuration of a realtime session, as GA clients write it and read it back.

A ``session.update`` is merged into what holds so far: an absent field leaves a value unchanged, null clears
it. The result is checked as a whole; a configuration is immutable.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from sokuji.api.openai.realtime.audio_formats import FormatConfig
from sokuji.api.openai.realtime.config_parts import ConfigPart, checked, merged
from sokuji.api.openai.realtime.turn_detection import SemanticVad, ServerVad
from sokuji.api.openai.wire import JSONObject
from sokuji.errors import NotSupported
from sokuji.pipeline.voice_selection import DEFAULT_VOICE

SessionType = Literal["realtime", "transcription"]
Modality = Literal["text", "audio"]
DEFAULT_MODEL = "gpt-realtime"
"""The name of the model where the client names none: the preferred providers."""
MAX_INSTRUCTIONS_CHARS = 100_000
MAX_PROMPT_CHARS = 10_000
MAX_NAME_CHARS = 200
MAX_LANGUAGES = 32
MAX_KEYWORDS = 1_000
LIVE_DELAYS = ("minimal", "low", "medium")
STREAMING_MODELS = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""OpenAI's models that transcribe while somebody speaks, and leave it to the client to commit."""


class TranscriptionConfig(ConfigPart):
    """How the input is transcribed for the client."""

    model: str | None = Field(None, max_length=MAX_NAME_CHARS)
    language: str | None = Field(None, max_length=MAX_NAME_CHARS)
    languages: list[str] | None = Field(None, min_length=1, max_length=MAX_LANGUAGES)
    prompt: str | None = Field(None, max_length=MAX_PROMPT_CHARS)
    keywords: list[str] | None = Field(None, max_length=MAX_KEYWORDS)
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None

    @property
    def is_live(self) -> bool:
        """Whether deltas come while somebody speaks; otherwise they follow the commit."""
        if self.delay is None:
            return (self.model or "").startswith(STREAMING_MODELS)
        return self.delay in LIVE_DELAYS


class NoiseReduction(ConfigPart):
    """For voice activity detection; the recogniser hears the audio as it came."""

    type: Literal["near_field", "far_field"] = "near_field"
    strength: float = Field(1.0, ge=0, le=1, strict=False)


class VoiceName(ConfigPart):
    """A voice as an object."""

    id: str = Field(max_length=MAX_NAME_CHARS)


class InputConfig(ConfigPart):
    """``audio.input``."""

    format: FormatConfig = FormatConfig()
    transcription: TranscriptionConfig | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: Annotated[ServerVad | SemanticVad, Field(discriminator="type")] | None = ServerVad()


class OutputConfig(ConfigPart):
    """``audio.output``; ``language`` is an extension."""

    format: FormatConfig = FormatConfig()
    voice: Annotated[str, Field(max_length=MAX_NAME_CHARS)] | VoiceName = DEFAULT_VOICE
    speed: float = Field(1.0, ge=0.25, le=1.5, strict=False)
    language: str | None = Field(None, max_length=MAX_NAME_CHARS)

    @property
    def voice_name(self) -> str:
        """The name of the voice."""
        return self.voice.id if isinstance(self.voice, VoiceName) else self.voice


class AudioConfig(ConfigPart):
    """``audio``."""

    input: InputConfig = InputConfig()
    output: OutputConfig = OutputConfig()


class SessionConfig(ConfigPart):
    """A session. What an interpreter has no use for is kept out of it; see ``_refuse``."""

    type: SessionType
    model: str | None = Field(None, max_length=MAX_NAME_CHARS)
    instructions: str = Field("", max_length=MAX_INSTRUCTIONS_CHARS)
    output_modalities: list[Modality] = Field(["audio"], min_length=1, max_length=1)
    max_output_tokens: Annotated[int, Field(ge=1, le=4_096)] | Literal["inf"] = "inf"
    audio: AudioConfig = AudioConfig()

    @property
    def speaks(self) -> bool:
        """Whether responses are spoken."""
        return self.output_modalities == ["audio"]

    @property
    def is_answered(self) -> bool:
        """Whether what is said is answered without a ``response.create``."""
        detection = self.audio.input.turn_detection
        return self.type == "realtime" and detection is not None and detection.create_response

    @property
    def transcription(self) -> TranscriptionConfig | None:
        """How the input is transcribed for the client; None: it is not told the words."""
        wanted = self.audio.input.transcription
        return TranscriptionConfig() if wanted is None and self.type == "transcription" else wanted

    def updated(self, patch: Mapping[str, Any]) -> Self:
        """The configuration after a ``session.update``.

        Raises:
            InvalidRequest: a value that is not accepted; ``param`` is the path of the field.
        """
        _refuse(patch)
        updated = checked(type(self), merged(self.model_dump(), patch), "session")
        return updated if "turn_detection" in _input_of(patch) else updated._without_turns_of(self)

    def _without_turns_of(self, former: Self) -> Self:
        """Without turn detection, where a model has been chosen that has none."""
        if not self._has_streaming_model or former._has_streaming_model:
            return self
        silent = self.audio.input.model_copy(update={"turn_detection": None})
        return self.model_copy(update={"audio": self.audio.model_copy(update={"input": silent})})

    @property
    def _has_streaming_model(self) -> bool:
        wanted = self.transcription
        return (
            self.type == "transcription"
            and wanted is not None
            and (wanted.model or "").startswith(STREAMING_MODELS)
        )

    def as_dict(self) -> JSONObject:
        """The session as GA clients read it, without its id."""
        audio = self.audio.model_dump()
        audio["input"]["format"] = self.audio.input.format.as_dict()
        audio["output"]["format"] = self.audio.output.format.as_dict()
        if self.transcription is not None:
            audio["input"]["transcription"] = self.transcription.model_dump(exclude_none=True)
        if self.type == "transcription":
            return {"type": self.type, "include": None, "audio": {"input": audio["input"]}}
        return {
            "type": self.type,
            "model": self.model or DEFAULT_MODEL,
            "output_modalities": list(self.output_modalities),
            "instructions": self.instructions,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": self.max_output_tokens,
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "include": None,
            "audio": audio,
        }


def _input_of(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """``audio.input`` of a ``session.update``; empty if it has none."""
    found: Any = patch
    for name in ("audio", "input"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _refuse(patch: Mapping[str, Any]) -> None:
    """Refuse what an interpreter cannot do.

    Raises:
        NotSupported: tools, prompt templates, log probabilities.
    """
    refuse_tools(patch, "session")
    if patch.get("include"):
        raise NotSupported(
            "session.include: the recogniser reports no log probabilities; leave it out",
            param="session.include",
        )


def refuse_tools(fields: Mapping[str, Any], path: str) -> None:
    """Refuse the fields of a session or response that ask for more than a translation.

    Raises:
        NotSupported: tools, a choice among them, or a prompt template.
    """
    if fields.get("tools"):
        raise NotSupported(
            f"{path}.tools: an interpreter calls no tools; leave them out or send []", param=f"{path}.tools"
        )
    if fields.get("tool_choice") not in (None, "auto", "none"):
        raise NotSupported(
            f"{path}.tool_choice: there are no tools to choose; accepted: auto, none",
            param=f"{path}.tool_choice",
        )
    if fields.get("prompt"):
        raise NotSupported(
            f"{path}.prompt: there are no prompt templates here; send instructions", param=f"{path}.prompt"
        )
