"""Answers as LibreTranslate gives them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Failure(BaseModel):
    """The response body of every request that failed."""

    error: str = Field(description="One sentence for a person; names the accepted values.")


def failures(documented: Mapping[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """Failures for the OpenAPI document, in the shape of this door."""
    return {status: {**described, "model": Failure} for status, described in documented.items()}


class Answer(BaseModel):
    """Base of the answers: fields that are not set are left out."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Detected(Answer):
    """A language in which a text may be."""

    confidence: float = Field(description="From 0 to 100: of the language among all that are known")
    language: str


class Translated(Answer):
    """``POST /translate`` with one text."""

    translated_text: str = Field(alias="translatedText")
    detected_language: Detected | None = Field(None, alias="detectedLanguage")
    alternatives: list[str] | None = None


class TranslatedList(Answer):
    """``POST /translate`` with a list of texts: what ``Translated`` has, for each of them."""

    translated_text: list[str] = Field(alias="translatedText")
    detected_language: list[Detected] | None = Field(None, alias="detectedLanguage")
    alternatives: list[list[str]] | None = None


class TranslatedFile(Answer):
    """``POST /translate_file``."""

    translated_file_url: str = Field(alias="translatedFileUrl")


class TranslatableLanguage(Answer):
    """A language from which text is translated."""

    code: str
    name: str
    targets: list[str]


class NamedLanguage(Answer):
    """A language as a page offers it."""

    code: str
    name: str


class DefaultLanguages(Answer):
    """What a page has selected at the start."""

    source: NamedLanguage
    target: NamedLanguage


class FrontendSettings(Answer):
    """``GET /frontend/settings``: what a page needs to know."""

    api_keys: bool = Field(alias="apiKeys")
    char_limit: int = Field(alias="charLimit")
    files_translation: bool = Field(True, alias="filesTranslation")
    frontend_timeout: int = Field(
        alias="frontendTimeout", description="Milliseconds of rest before a request"
    )
    key_required: bool = Field(alias="keyRequired")
    language: DefaultLanguages
    suggestions: bool = False
    supported_files_format: list[str] = Field(alias="supportedFilesFormat")
