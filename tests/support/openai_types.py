"""Strict validation against the types of the ``openai`` package, which alone accept any extra field."""

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def validated(kind: type[M], data: object, *extensions: str) -> M:
    """``data`` as an object of ``kind``; fails on a wrong type, and on fields beside ``extensions``.

    Args:
        extensions: names of the fields that the service adds, dotted where they are nested.
    """
    value = kind.model_validate(data, strict=True)
    assert set(_extra_fields(value)) <= set(extensions), data
    return value


def _extra_fields(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from (path + name for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _extra_fields(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list):
        for each in value:
            yield from _extra_fields(each, path)
