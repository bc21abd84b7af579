"""``response.create``: what a client asks a response for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from sokuji.api.openai.realtime.audio_formats import FormatConfig
from sokuji.api.openai.realtime.config_parts import ConfigPart, checked
from sokuji.api.openai.realtime.response_state import ResponseSettings
from sokuji.api.openai.realtime.session_config import (
    MAX_INSTRUCTIONS_CHARS,
    MAX_NAME_CHARS,
    Modality,
    SessionConfig,
    VoiceName,
    refuse_tools,
)
from sokuji.api.openai.wire import JSONObject

MAX_INPUT_ITEMS = 100
ITEM_REFERENCE = "item_reference"


class ResponseOutput(ConfigPart):
    """``audio.output`` of a response; what it does not have is that of the session."""

    format: FormatConfig | None = None
    voice: Annotated[str, Field(max_length=MAX_NAME_CHARS)] | VoiceName | None = None
    language: str | None = Field(None, max_length=MAX_NAME_CHARS)


class ResponseAudio(ConfigPart):
    """``audio`` of a response."""

    output: ResponseOutput | None = None


class ResponseRequest(ConfigPart):
    """The fields of a response that an interpreter honours."""

    conversation: Literal["auto", "none"] | None = None
    input: list[dict[str, Any]] | None = Field(None, max_length=MAX_INPUT_ITEMS)
    instructions: str | None = Field(None, max_length=MAX_INSTRUCTIONS_CHARS)
    max_output_tokens: Annotated[int, Field(ge=1, le=4_096)] | Literal["inf"] | None = None
    metadata: dict[str, str] | None = Field(None, max_length=16)
    output_modalities: list[Modality] | None = Field(None, min_length=1, max_length=1)
    audio: ResponseAudio | None = None

    def config(self, session: SessionConfig) -> SessionConfig:
        """The configuration of the session as it holds for this response.

        Raises:
            InvalidRequest: see ``SessionConfig.updated``.
        """
        output = (self.audio.output if self.audio else None) or ResponseOutput()
        changed = output.model_dump(exclude_none=True)
        if self.instructions and output.language is None:
            # The instructions of the response go before the language of the session.
            changed["language"] = None
        patch: JSONObject = {"audio": {"output": changed}}
        if self.instructions:
            patch["instructions"] = self.instructions
        if self.output_modalities:
            patch["output_modalities"] = self.output_modalities
        return session.updated(patch)

    def settings(self, config: SessionConfig) -> ResponseSettings:
        """How the response is given.

        Args:
            config: see ``config``.
        """
        return response_settings(
            config,
            metadata=self.metadata,
            in_conversation=self.conversation != "none",
            max_output_tokens=self.max_output_tokens or config.max_output_tokens,
        )


def parsed(response: Mapping[str, Any]) -> ResponseRequest:
    """The request of a client.

    Raises:
        InvalidRequest: a value that is not accepted; names the field.
    """
    refuse_tools(response, "response")
    return checked(ResponseRequest, response, "response")


def response_settings(
    config: SessionConfig,
    *,
    metadata: Mapping[str, str] | None = None,
    in_conversation: bool = True,
    max_output_tokens: int | Literal["inf"] | None = None,
) -> ResponseSettings:
    """How the responses of a session are given."""
    return ResponseSettings(
        modality=config.output_modalities[0],
        format=config.audio.output.format,
        voice_name=config.audio.output.voice_name,
        metadata=metadata,
        in_conversation=in_conversation,
        max_output_tokens=max_output_tokens or config.max_output_tokens,
    )
