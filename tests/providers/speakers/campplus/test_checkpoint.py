"""Checkpoints of PyTorch are read without PyTorch, and without running what is in them."""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sokuji.errors import ModelMissing
from sokuji.providers.speakers.campplus.checkpoint import read_tensors


class _Named:
    """Pickled as a global name of a module that need not exist."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Storage:
    def __init__(self, key: str, kind: str, count: int) -> None:
        self.key, self.kind, self.count = key, kind, count


class _Tensor:
    def __init__(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self.parts = (storage, offset, shape, strides, False, OrderedDict[str, Any]())


class _Pickler(pickle._Pickler):
    """Writes what ``torch.save`` writes; the pure class of the standard library can be told how."""

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return ("storage", _Named("torch", obj.kind), obj.key, "cpu", obj.count)
        return None

    def save_named(self, obj: _Named) -> None:
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]

    def save_tensor(self, obj: _Tensor) -> None:
        self.save(_Named("torch._utils", "_rebuild_tensor_v2"))  # type: ignore[attr-defined]
        self.save(obj.parts)  # type: ignore[attr-defined]
        self.write(pickle.REDUCE)  # type: ignore[attr-defined]

    dispatch[_Named] = save_named
    dispatch[_Tensor] = save_tensor


def checkpoint(path: Path, stored: Any, storages: Mapping[str, NDArray[Any]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("archive/data.pkl", "w") as file:
            _Pickler(file, 2).dump(stored)
        for key, values in storages.items():
            archive.writestr(f"archive/data/{key}", values.tobytes())
    return path


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    offset=st.integers(0, 5),
    nested=st.booleans(),
)
def test_tensors_come_back_whatever_their_shape_and_place(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], offset: int, nested: bool
) -> None:
    count = int(np.prod(shape))
    values = np.arange(offset + count, dtype="<f4")
    strides = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    tensor = _Tensor(_Storage("0", "FloatStorage", len(values)), offset, tuple(shape), strides)
    counter = _Tensor(_Storage("1", "LongStorage", 1), 0, (), ())
    state = OrderedDict(weight=tensor, batches=counter)
    path = checkpoint(
        tmp_path_factory.mktemp("checkpoint") / "model.pt",
        {"state_dict": state, "hyper": _Named("somebody.elses", "Settings")} if nested else state,
        {"0": values, "1": np.array([3], "<i8")},
    )
    read = read_tensors(path)
    assert list(read) == ["weight"]
    np.testing.assert_array_equal(read["weight"], values[offset:].reshape(shape))


class _Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": {}, "more": _Harmful(trace)}))
    assert dict(read_tensors(path)) == {}
    assert not trace.exists()


def test_a_tensor_beyond_its_numbers_is_damage(tmp_path: Path) -> None:
    tensor = _Tensor(_Storage("0", "FloatStorage", 4), 2, (3,), (1,))
    path = checkpoint(tmp_path / "model.pt", OrderedDict(weight=tensor), {"0": np.zeros(4, "<f4")})
    with pytest.raises(ModelMissing, match="damaged"):
        read_tensors(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all"])
def test_what_is_no_checkpoint_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ModelMissing, match=r"model\.pt"):
        read_tensors(path)
