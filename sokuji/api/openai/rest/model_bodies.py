"""Models and voices in requests and answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

ModelName = Annotated[
    str, Field(max_length=200, description="An id of `GET /v1/models`", examples=["whisper-1"])
]


class NamedVoice(BaseModel):
    """A voice, as Open WebUI reads it: ``name`` is shown, ``id`` is sent."""

    id: str
    name: str


class ModelVoice(BaseModel):
    """A voice of a model, as speaches has it; wyoming-openai sends ``name`` as the voice of a request."""

    id: str
    name: str
    language: str
    gender: Literal["female", "male"] | None


class ListedModel(BaseModel):
    """A model; ``voices`` of those that speak, an extension of OpenAI's API."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="When this replica of the service started, in seconds since 1970")
    owned_by: str = Field(description="The provider, or sokuji where several serve it")
    voices: list[ModelVoice] | None = None


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ListedModel]


class SpeechModels(BaseModel):
    """The models that speak, as Open WebUI reads them."""

    models: list[ListedModel]


class VoiceNames(BaseModel):
    """All voices."""

    voices: list[NamedVoice]
