"""Reads the weights of a model that was converted for CTranslate2.

Format (``Model.save`` of ctranslate2's ``model_spec.py``, versions 4 to 6): version, name and revision of the
specification, then each variable with its name, shape, type and bytes, then the names that share a variable.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokuji.errors import ModelMissing

_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_BFLOAT16 = 5
_VERSIONS = range(4, 7)


class Checkpoint:
    """The variables of a model, by name; they are read from the file as they are asked for.

    One that the model lacks raises ``ModelMissing``.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ModelMissing: the file is not a model of CTranslate2.
        """
        self._name = path.name
        try:
            with path.open("rb") as file:
                contents = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._contents = contents
            self._variables = _variables(_Reader(contents))
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise ModelMissing(f"{path.name} is damaged or not a model of CTranslate2") from error

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def release(self) -> None:
        """Give back the memory of what has been read; it is read again where it is asked for again."""
        self._contents.madvise(mmap.MADV_DONTNEED)

    def number(self, name: str) -> int:
        """A variable that is one integer."""
        return int(self.stored(name))

    def floats(self, name: str, rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """A variable as floating-point numbers, or some of its rows."""
        stored = self.stored(name)
        values = (stored if rows is None else stored[rows]).astype(np.float32)
        if not np.issubdtype(stored.dtype, np.integer):
            return values
        scale = np.asarray(self.stored(f"{name}_scale"), np.float32)
        if scale.ndim:
            scale = (scale if rows is None else scale[rows])[..., None]
        return values / scale

    def stored(self, name: str) -> NDArray[Any]:
        """A variable as it is stored: in 8 or 16 bits it has to be divided by its scale."""
        try:
            return self._variables[name]
        except KeyError:
            raise ModelMissing(f"{self._name} lacks {name}") from None


class _Reader:
    def __init__(self, contents: mmap.mmap) -> None:
        self._contents = contents
        self._position = 0

    def integer(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self._contents, self._position)
        self._position += struct.calcsize(form)
        return int(value)

    def text(self) -> str:
        length = self.integer("H")
        return str(self._bytes(length)[:-1], "utf-8")

    def array(self) -> NDArray[Any]:
        shape = [self.integer("I") for _ in range(self.integer("B"))]
        kind, size = self.integer("B"), self.integer("I")
        if kind == _BFLOAT16:
            upper = np.frombuffer(self._bytes(size), "<u2").astype("<u4")
            return (upper << 16).view("<f4").reshape(shape)
        return np.frombuffer(self._bytes(size), _TYPES[kind]).reshape(shape)

    def _bytes(self, size: int) -> memoryview:
        start, self._position = self._position, self._position + size
        return memoryview(self._contents)[start : self._position]


def _variables(reader: _Reader) -> Mapping[str, NDArray[Any]]:
    version = reader.integer("I")
    if version not in _VERSIONS:
        raise ValueError(f"version {version}")
    reader.text()
    reader.integer("I")
    variables = dict(_named(reader))
    for _ in range(reader.integer("I")):
        alias, name = reader.text(), reader.text()
        variables[alias] = variables[name]
        if f"{name}_scale" in variables:
            variables[f"{alias}_scale"] = variables[f"{name}_scale"]
    return variables


def _named(reader: _Reader) -> Iterator[tuple[str, NDArray[Any]]]:
    for _ in range(reader.integer("I")):
        yield reader.text(), reader.array()
