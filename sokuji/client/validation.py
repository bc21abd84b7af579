"""Checks decoded JSON against the field types of a dataclass; the client needs no validation library."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DataclassT = TypeVar("DataclassT", bound="DataclassInstance")


class InvalidField(ValueError):
    """A field is missing, or its value has the wrong type. The message names the field and not the value."""


def build(kind: type[DataclassT], values: Mapping[str, object]) -> DataclassT:
    """An instance of ``kind`` with the fields of a JSON object; other names in it are ignored.

    The types of the fields may be ``str``, ``bytes``, ``bool``, ``int``, ``float``, a ``Literal`` of strings,
    ``tuple[X, ...]`` (a JSON array), another such dataclass without defaults, and unions of these with
    ``None``. An integer is a valid ``float``; otherwise nothing is converted.

    Raises:
        InvalidField: a field without a default is missing, or a value has the wrong type.
    """
    types = _field_types(kind)
    arguments: dict[str, object] = {}
    for field in fields(kind):
        if field.name in values:
            value, expected = values[field.name], types[field.name]
            if not _matches(value, expected):
                raise InvalidField(
                    f"{field.name}: expected {_type_name(expected)}, got {type(value).__name__}"
                )
            arguments[field.name] = _converted(value, expected)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InvalidField(f"{field.name}: the field is missing")
    return kind(**arguments)


@cache
def _field_types(kind: type[DataclassT]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _matches(value: object, expected: Any) -> bool:
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, UnionType):
        return any(_matches(value, each) for each in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, list) and all(_matches(each, arguments[0]) for each in value)
    if isinstance(expected, type) and is_dataclass(expected):
        types = _field_types(expected)
        return isinstance(value, dict) and all(
            name in value and _matches(value[name], kind) for name, kind in types.items()
        )
    if expected is float:
        return type(value) in (int, float)
    return type(value) is expected  # Not isinstance: a bool is no number.


def _converted(value: object, expected: Any) -> object:
    """A value that matches, with tuples for arrays and instances for objects."""
    if isinstance(value, list):
        return tuple(_converted(each, get_args(expected)[0]) for each in value)
    if isinstance(expected, type) and is_dataclass(expected) and isinstance(value, dict):
        return build(expected, value)
    return value


def _type_name(expected: Any) -> str:
    return expected.__name__ if isinstance(expected, type) else str(expected).removeprefix("typing.")
