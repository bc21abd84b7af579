"""What request bodies of all doors have in common: texts, languages, uploads, no unknown fields.

Language tags are accepted in any case and become canonical codes. Unknown fields are refused by name, because
a misspelt option must not be ignored.
"""

from typing import Annotated, Any, TypeVar

from fastapi import UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError
from starlette.datastructures import UploadFile as StarletteUploadFile

from sokuji import languages
from sokuji.audio.media_formats import FILE_FORMATS
from sokuji.errors import InvalidRequest

B = TypeVar("B", bound=BaseModel)


def _unicode(text: str) -> str:
    """JSON can escape half of a surrogate pair, which has no UTF-8 encoding."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError("surrogate", "must be Unicode text, without lone surrogates")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _target(tag: str, info: ValidationInfo) -> str:
    return languages.parse(tag, str(info.field_name))


def _source(tag: str | None, info: ValidationInfo) -> str | None:
    return None if tag is None else languages.parse_source(tag, str(info.field_name))


def _file(value: Any) -> Any:
    if not isinstance(value, StarletteUploadFile):
        raise PydanticCustomError("file", "must be a file in a multipart form")
    return value


NOT_BLANK: dict[str, JsonValue] = {"pattern": r"\S"}
"""In the schema of a string that is checked elsewhere."""
TAG_DESCRIPTION = "BCP-47 tag in any case, for example en, pt-BR, zh_CN"
Text = Annotated[
    str, AfterValidator(_unicode), AfterValidator(_not_blank), Field(min_length=1, examples=["Bom dia."])
]
UnicodeText = Annotated[str, AfterValidator(_unicode)]
AudioUpload = Annotated[UploadFile, BeforeValidator(_file), Field(description=FILE_FORMATS)]
Language = Annotated[
    str,
    AfterValidator(_target),
    Field(description=TAG_DESCRIPTION, examples=["en"], json_schema_extra=NOT_BLANK),
]
SourceLanguage = Annotated[
    str | None,
    AfterValidator(_source),
    WithJsonSchema({"type": "string", "description": f'{TAG_DESCRIPTION}; "auto": detect it'}),
]


NULL = {"type": "null"}


def _without_null(schema: dict[str, Any]) -> None:
    """A form cannot hold null: what is absent has its default."""
    for field in schema["properties"].values():
        if NULL in field.get("anyOf", ()):
            (kept,) = (each for each in field.pop("anyOf") if each != NULL)
            field.update(kept)
            del field["default"]


def repeated_field(name: str) -> InvalidRequest:
    """The refusal of a form that has a field twice: one of the values would be ignored."""
    return InvalidRequest(f"{name[:40]!r} is in the form more than once", param=name[:40])


def validated(kind: type[B], fields: dict[str, Any]) -> B:
    """A body of these fields, read by a door itself.

    Raises:
        RequestValidationError, SokujiError: a field is missing or has a value that is not accepted.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None


class RequestBody(BaseModel):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, data: Any) -> Any:
        """As ``extra="forbid"`` does, with a message that lists the accepted fields."""
        if isinstance(data, dict):
            for name in data:
                if name not in cls.model_fields:
                    shown = str(name)[:40]
                    raise InvalidRequest(
                        f"{shown!r} is no field of this request; accepted: {', '.join(cls.model_fields)}",
                        param=shown,
                    )
        return data


class RequestForm(RequestBody):
    """Base of multipart forms."""

    model_config = ConfigDict(json_schema_extra=_without_null)
