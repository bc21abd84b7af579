"""The forms of ``/v1/audio/transcriptions`` and ``/v1/audio/translations``.

Unknown fields are refused, although OpenAI may ignore them: a client sends what its user asked for, and who
asks for a thing that does not exist here should learn it. ``prompt`` and ``keywords`` are hints, as OpenAI
documents them: a recogniser that takes no words recognises without them.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from sokuji.api.openai.rest.form_fields import FormBody, json_object
from sokuji.api.openai.rest.model_bodies import ModelName
from sokuji.api.request_fields import AudioUpload, Language, SourceLanguage, UnicodeText
from sokuji.config import SegmentationSettings
from sokuji.errors import InvalidRequest, NotSupported
from sokuji.languages import AUTO, parse_sources
from sokuji.protocol import MAX_SOURCE_LANGUAGES

TextFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]


def _sources(tags: list[str]) -> list[str]:
    return list(parse_sources(tags, "languages"))


def _blank_is_auto(tag: str) -> str:
    return tag.strip() or AUTO


Temperature = Annotated[
    float,
    Field(
        ge=0, le=1, allow_inf_nan=False, description="Other values than 0 are refused: it cannot be set here"
    ),
]
Spoken = Annotated[SourceLanguage, BeforeValidator(_blank_is_auto)]
Keyword = Annotated[str, AfterValidator(str.strip), Field(max_length=200)]


_SETTINGS = {
    "threshold": "vad_threshold",
    "prefix_padding_ms": "pre_roll_ms",
    "silence_duration_ms": "silence_ms",
}
"""Field of a strategy -> the setting that it replaces."""


class VoiceActivityStrategy(BaseModel):
    """How the recording is cut; what is absent has the setting of the service."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["server_vad"]
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None

    def applied_to(self, settings: SegmentationSettings) -> SegmentationSettings:
        """The settings with these in place of those that they have.

        Raises:
            InvalidRequest: a value out of range.
        """
        given = {_SETTINGS[name]: value for name, value in self if value is not None and name in _SETTINGS}
        try:
            return settings.replaced({"endpoint": "fixed", **given})
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            wrong = next((name for name, setting in _SETTINGS.items() if setting in fault["loc"]), None)
            param = f"chunking_strategy.{wrong}" if wrong else "chunking_strategy"
            raise InvalidRequest(f"{param}: {fault['msg']}", param=param) from None


def _strategy_schema() -> dict[str, Any]:
    """By value, because the schema of a form is no place for references, and with the settings' bounds."""
    schema, settings = VoiceActivityStrategy.model_json_schema(), SegmentationSettings.model_json_schema()
    for name, setting in _SETTINGS.items():
        schema["properties"][name] = settings["properties"][setting]
        del schema["properties"][name]["default"]
    return schema


Strategy = Annotated[
    Literal["auto"] | VoiceActivityStrategy | None,
    BeforeValidator(json_object),
    WithJsonSchema({"anyOf": [{"const": "auto"}, _strategy_schema()]}),
]


class RecordingForm(FormBody):
    """What both calls take."""

    file: AudioUpload
    model: ModelName
    prompt: UnicodeText = Field("", description="Words that are likely to be spoken")
    temperature: Temperature = 0

    @model_validator(mode="after")
    def _check_temperature(self) -> Self:
        if self.temperature:
            raise NotSupported("temperature cannot be set here; accepted: 0", param="temperature")
        return self

    @property
    def context(self) -> str:
        """Words for the recogniser."""
        return self.prompt


class TranslationForm(RecordingForm):
    """A recording to translate."""

    response_format: TextFormat = "json"
    target_language: Language = Field("en", description="An extension of OpenAI's API")


class TranscriptionForm(RecordingForm):
    """A recording to transcribe."""

    arrays = frozenset(
        {
            "include",
            "keywords",
            "known_speaker_names",
            "known_speaker_references",
            "languages",
            "timestamp_granularities",
        }
    )
    objects = frozenset({"chunking_strategy"})

    language: Spoken = Field(AUTO, validate_default=True)
    languages: Annotated[list[str], AfterValidator(_sources)] = Field(
        [], max_length=MAX_SOURCE_LANGUAGES, description="The languages of which one may be spoken"
    )
    keywords: list[Keyword] = Field([], max_length=100, description="Words that are likely to be spoken")
    response_format: Literal[TextFormat, "diarized_json"] = Field(
        "json",
        description="diarized_json: who says what; refused where the service has no provider for it",
    )
    timestamp_granularities: list[Literal["word", "segment"]] = Field(
        [], description="With verbose_json; none: segments"
    )
    stream: bool = Field(False, description="Whether to send server-sent events, utterance by utterance")
    chunking_strategy: Strategy = Field(
        None, description="auto: as set in the service, which is also what happens without it"
    )
    include: list[Literal["logprobs"]] = Field(
        [], description="logprobs are refused: no recogniser here has them"
    )
    known_speaker_names: list[str] = Field([], description="Refused: speakers are not recognised here")
    known_speaker_references: list[str] = Field([], description="Refused, as known_speaker_names")

    @model_validator(mode="after")
    def _refuse_what_is_not_served(self) -> Self:
        for name in ("known_speaker_names", "known_speaker_references"):
            if getattr(self, name):
                raise NotSupported(f"{name}: speakers are told apart here, and not recognised", param=name)
        if self.include and self.response_format != "json":
            raise InvalidRequest("include logprobs needs response_format json", param="include")
        if self.include:
            raise NotSupported("no recogniser here reports the probabilities of tokens", param="include")
        return self

    @model_validator(mode="after")
    def _check_what_belongs_together(self) -> Self:
        if self.timestamp_granularities and self.response_format != "verbose_json":
            raise InvalidRequest(
                "timestamp_granularities needs response_format verbose_json", param="timestamp_granularities"
            )
        if self.stream and self.response_format not in ("json", "text", "diarized_json"):
            raise InvalidRequest(
                f"a stream has no {self.response_format}; accepted with stream: json, text, diarized_json",
                param="response_format",
            )
        return self

    @property
    def context(self) -> str:
        """Words for the recogniser."""
        return " ".join(filter(None, (self.prompt.strip(), ", ".join(filter(None, self.keywords)))))

    @property
    def word_times(self) -> bool:
        """Whether the words are to be timed for the answer."""
        return "word" in self.timestamp_granularities or self.response_format in ("srt", "vtt")
