"""Reads the tensors of a PyTorch checkpoint without PyTorch, which would take 200 MB for two small models.

Format: a zip archive with a pickle of the structure, and one file of little-endian numbers per tensor
storage. Nothing of the pickle is executed: classes other than those of tensors become placeholders.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokuji.errors import ModelMissing

Tensors = Mapping[str, NDArray[np.float32]]

_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_tensors(path: Path) -> Tensors:
    """The floating-point tensors of a state dictionary, by name.

    Raises:
        ModelMissing: the file is not a checkpoint.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            stored = _Unpickler(archive).load()
        state = stored.get("state_dict", stored)
        return {name: value for name, value in state.items() if value.dtype == np.float32}
    except Exception as error:  # Damaged archives raise whatever their bytes happen to mean.
        raise ModelMissing(f"{path.name} is damaged or not a PyTorch checkpoint") from error


class _Placeholder:
    """Stands for an object of a class that is not needed; takes what its pickle gives it."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._root = archive.namelist()[0].partition("/")[0]
        super().__init__(io.BytesIO(archive.read(f"{self._root}/data.pkl")))

    def find_class(self, module: str, name: str) -> Any:
        """See ``pickle.Unpickler``: only these names mean anything, and none of them runs code of the
        file."""
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        }
        return known.get((module, name), _Placeholder)

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        """The numbers of a storage, which ``pid`` names."""
        _, kind, key, _, _ = pid
        return np.frombuffer(self._archive.read(f"{self._root}/data/{key}"), kind)


def _tensor(
    storage: NDArray[Any], offset: int, shape: Sequence[int], strides: Sequence[int], *_: object
) -> NDArray[Any]:
    end = offset + 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if not 0 <= offset <= end <= len(storage):
        raise ValueError("a tensor lies outside its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()
