"""The body of ``POST /v1/audio/speech``.

Unknown fields are refused, as in ``transcription_forms``. ``instructions`` are refused where they have an
effect at OpenAI, because no voice here takes any; for ``tts-1`` and ``tts-1-hd`` it documents that they have
none.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sokuji import languages
from sokuji.api.openai.rest.model_bodies import ModelName
from sokuji.api.request_fields import TAG_DESCRIPTION, RequestBody, Text
from sokuji.audio.time_stretch import TEMPOS
from sokuji.errors import NotSupported

SpeechFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
_WITHOUT_INSTRUCTIONS = ("tts-1", "tts-1-hd")


def _voice_name(voice: Any) -> Any:
    """The name in ``{"id": name}``, or the name itself."""
    if isinstance(voice, dict):
        voice = voice["id"] if voice.keys() == {"id"} else None
    if not isinstance(voice, str):
        raise PydanticCustomError("voice", "must be a name, or an object with the id of a voice alone")
    return voice


def _language(tag: str | None, info: ValidationInfo) -> str | None:
    return None if tag is None else languages.parse(tag, str(info.field_name))


class CustomVoice(BaseModel):
    """A voice named by an object."""

    model_config = ConfigDict(extra="forbid")

    id: str


class SpeechRequest(RequestBody):
    """A text to speak."""

    input: Text
    model: ModelName
    voice: Annotated[str, BeforeValidator(_voice_name)] = Field(
        min_length=1,
        max_length=200,
        description="An id of `GET /v1/audio/voices`, `default`, or one of OpenAI's names: "
        "a fixed voice of the language of the text",
        json_schema_extra={"anyOf": [{"type": "string"}, CustomVoice.model_json_schema()]},
    )
    response_format: SpeechFormat = Field(
        "mp3", description="Mono at 24 kHz. opus: in Ogg; aac: ADTS; pcm: 16-bit little-endian samples"
    )
    speed: float = Field(1.0, ge=TEMPOS[0], le=TEMPOS[1], allow_inf_nan=False)
    stream_format: Literal["audio", "sse"] = "audio"
    instructions: str | None = Field(
        None, description="Refused, but for tts-1 and tts-1-hd: voices take none"
    )
    language: Annotated[str | None, AfterValidator(_language)] = Field(
        None, description=f"An extension of OpenAI's API: {TAG_DESCRIPTION}; null: that of the text"
    )

    @model_validator(mode="after")
    def _check_instructions(self) -> Self:
        if self.instructions and self.instructions.strip() and self.model not in _WITHOUT_INSTRUCTIONS:
            raise NotSupported("no voice here takes instructions", param="instructions")
        return self
