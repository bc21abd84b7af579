"""Request bodies of the REST calls (bridge API, version 1), from which the OpenAPI document is made.

Language tags are accepted in any case and become canonical codes. Unknown fields are refused by name, because
a misspelt option must not be ignored.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from sokuji import languages
from sokuji.api.bridge.diarization import DiarizationForm
from sokuji.api.request_fields import (
    NOT_BLANK,
    AudioUpload,
    Language,
    RequestBody,
    SourceLanguage,
    Text,
    UnicodeText,
)
from sokuji.api.transcription import SubtitleText
from sokuji.audio.pcm import MAX_RATE, MIN_RATE
from sokuji.config import AudioFormat
from sokuji.errors import InvalidRequest
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.protocol import MAX_SOURCE_LANGUAGES
from sokuji.text import glossary
from sokuji.text.subtitles.formats import SUBTITLE_MEDIA_TYPES


def _sources(fields: list[str], info: ValidationInfo) -> list[str]:
    """A form has one field of a name, which FastAPI gives as a list."""
    tags = [tag for field in fields for tag in field.split(",")]
    return list(languages.parse_sources(tags, str(info.field_name)))


def _glossary(terms: dict[str, str]) -> dict[str, str]:
    glossary.check(terms)
    return terms


_Translation = Annotated[str, Field(json_schema_extra=NOT_BLANK)]
Glossary = Annotated[
    dict[str, _Translation],
    AfterValidator(_glossary),
    Field(json_schema_extra={"propertyNames": NOT_BLANK}),
]
SourceLanguages = Annotated[
    list[str],
    AfterValidator(_sources),
    Field(max_length=MAX_SOURCE_LANGUAGES),
    WithJsonSchema(
        {
            "type": "string",
            "description": "Candidates of detection, separated by commas; none: all languages",
            "examples": ["pt,en"],
        }
    ),
]
VoiceId = Annotated[str, Field(max_length=200, description="An id of /api/v1/tts/voices, or default")]
ReturnFormat = Annotated[
    Literal["json", "audio"], Field(description="json: base64 in a JSON object; audio: the file itself")
]

TranscriptFormat = Annotated[
    Literal["json", "srt", "vtt"], Field(description="srt, vtt: a subtitle file, SubRip or WebVTT")
]
TranslationFormat = Annotated[
    Literal["json", "audio", "srt", "vtt"],
    Field(
        description="json: the audio in base64 in a JSON object; audio: the file itself; "
        "srt, vtt: a subtitle file, SubRip or WebVTT, and no voice"
    ),
]
WordTimes = Annotated[
    bool, Field(description="Whether the JSON object has the times of the words, where the recogniser can")
]

SampleRate = Annotated[
    int | None,
    Field(
        ge=MIN_RATE,
        le=MAX_RATE,
        description="Hz; null: the voice's own. MP3 and Opus have few rates: the next higher one is used",
    ),
]
OutputFormat = Annotated[
    AudioFormat | None,
    Field(
        description="pcm: mono 16-bit little-endian samples; opus: in Ogg; null: the setting of the service, "
        "which is wav by default"
    ),
]


def _refuse_word_times(word_times: bool, return_format: str) -> None:
    if word_times and return_format != "json":
        raise InvalidRequest("word_times needs return_format json", param="word_times")


class TranscribeForm(DiarizationForm):
    """A recording to transcribe."""

    audio_file: AudioUpload
    language: SourceLanguage = Field("auto", validate_default=True)
    source_languages: SourceLanguages = Field([])
    return_format: TranscriptFormat = "json"
    word_times: WordTimes = False

    @model_validator(mode="after")
    def _check_word_times(self) -> Self:
        _refuse_word_times(self.word_times, self.return_format)
        return self


class TranslateRequest(RequestBody):
    """A text to translate."""

    text: Text
    source_language: Language
    target_language: Language
    glossary: Glossary = Field(
        {},
        description="Source term: its translation, or the term itself where it must not be translated",
        examples=[{"fatura": "statement"}],
    )
    context: UnicodeText | None = Field(
        None, description="Preceding text, where the translator of the pair takes it"
    )
    format: Literal["text", "html"] = Field(
        "text", description="html: the text between the tags is translated, and the tags stay"
    )


class SynthesizeRequest(RequestBody):
    """A text to speak."""

    text: Text
    language: Language
    voice_id: VoiceId = DEFAULT_VOICE
    return_format: ReturnFormat = "json"
    speed: float = Field(1.0, ge=0.5, le=2.0, allow_inf_nan=False, description="2.0 speaks twice as fast")
    sample_rate: SampleRate = None
    audio_format: OutputFormat = None


class TranslateTextRequest(RequestBody):
    """A text to translate and speak."""

    text: Text
    source_language: Language
    target_language: Language
    voice_id: VoiceId = DEFAULT_VOICE
    sample_rate: SampleRate = None
    audio_format: OutputFormat = None


class TranslateAudioForm(DiarizationForm):
    """A recording to translate and speak."""

    audio_file: AudioUpload
    source_language: SourceLanguage = Field("auto", validate_default=True)
    source_languages: SourceLanguages = Field([])
    target_language: Language
    voice_id: VoiceId = DEFAULT_VOICE
    return_format: TranslationFormat = "json"
    subtitles: SubtitleText | None = Field(
        None, description="Which text the subtitle file has; null: the translation"
    )
    word_times: WordTimes = False
    sample_rate: SampleRate = None
    audio_format: OutputFormat = None

    @model_validator(mode="after")
    def _check_subtitles(self) -> Self:
        _refuse_word_times(self.word_times, self.return_format)
        if self.subtitles and self.return_format not in SUBTITLE_MEDIA_TYPES:
            raise InvalidRequest("subtitles needs return_format srt or vtt", param="subtitles")
        return self
