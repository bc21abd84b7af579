"""What the objects of a realtime configuration have in common: how they are merged and checked."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sokuji.errors import InvalidRequest

_NULL_IS_A_VALUE = frozenset({"turn_detection", "transcription", "noise_reduction", "idle_timeout_ms"})
_REPLACED_WHOLE = frozenset({"format", "voice", "noise_reduction"})
"""Objects whose parts mean nothing alone."""
_UNION_MEMBERS = frozenset({"server_vad", "semantic_vad", "str", "int", "VoiceName"})
M = TypeVar("M", bound=BaseModel)


class ConfigPart(BaseModel):
    """Base of the parts; unknown fields are ignored, as in client events."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


def checked(kind: type[M], data: Mapping[str, Any], path: str) -> M:
    """An object of a client event.

    Args:
        path: where it stands in the event.

    Raises:
        InvalidRequest: a value that is not accepted; ``param`` is the path of the field.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        parts = [str(part)[:40] for part in fault["loc"] if _is_field(part)]
        where = ".".join([path, *parts[:8]])
        raise InvalidRequest(f"{where}: {fault['msg']}", param=where) from None


def _is_field(part: str | int) -> bool:
    """Whether a part of pydantic's location is a field, and not the member of a union."""
    return isinstance(part, int) or (part.isidentifier() and part not in _UNION_MEMBERS)


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Fields after an update: an absent one stays, null clears."""
    result = dict(old)
    for name, value in patch.items():
        known = result.get(name)
        if value is None and name not in _NULL_IS_A_VALUE:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(known, Mapping) and name not in _REPLACED_WHOLE:
            changes_kind = "type" in known and value.get("type", known["type"]) != known["type"]
            result[name] = merged({} if changes_kind else known, value)
        else:
            result[name] = value
    return result
