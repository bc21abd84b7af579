"""Models of CTranslate2 are read as CTranslate2 writes them, and nothing else is."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ctranslate2.specs.model_spec as model_spec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from sokuji.errors import ModelMissing
from sokuji.providers.stt.whisper.greedy.checkpoint import Checkpoint

SHAPES = arrays.array_shapes(max_dims=3, max_side=4)
VALUES = st.one_of(
    arrays.arrays(np.float32, SHAPES, elements=st.floats(-9, 9, width=32)),
    arrays.arrays(np.float16, SHAPES, elements=st.floats(-9, 9, width=16)),
)


class _Layer(model_spec.LayerSpec):  # type: ignore[misc]
    def __init__(self, variables: Mapping[str, NDArray[Any]]) -> None:
        for name, value in variables.items():
            setattr(self, name, value)


class _Model(model_spec.ModelSpec):  # type: ignore[misc]
    """A model with one layer, whose variables are named by letters."""

    def __init__(self, variables: Mapping[str, NDArray[Any]]) -> None:
        super().__init__()
        self.layer = _Layer(variables)

    @property
    def name(self) -> str:
        return "AnySpec"

    @property
    def revision(self) -> int:
        return 1


def written(path: Path, variables: Mapping[str, NDArray[Any]], *, quantization: str | None = None) -> Path:
    """The file that CTranslate2 writes."""
    model = _Model(variables)
    model.validate()
    model.optimize(quantization)
    model._serialize(str(path))
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(st.sampled_from("abcdef"), VALUES, min_size=1))
def test_what_is_written_is_read(tmp_path: Path, variables: Mapping[str, NDArray[Any]]) -> None:
    checkpoint = Checkpoint(written(tmp_path / "model.bin", variables))
    for name, value in variables.items():
        assert f"layer/{name}" in checkpoint
        np.testing.assert_array_equal(checkpoint.floats(f"layer/{name}"), value.astype(np.float32))
    assert "layer/g" not in checkpoint


@pytest.mark.parametrize("quantization", ["int8", "int16", "float16"])
def test_weights_of_all_precisions_are_numbers_again(tmp_path: Path, quantization: str) -> None:
    weight = np.random.default_rng(0).normal(size=(6, 32)).astype(np.float32)
    checkpoint = Checkpoint(written(tmp_path / "model.bin", {"weight": weight}, quantization=quantization))
    np.testing.assert_allclose(checkpoint.floats("layer/weight"), weight, atol=0.02)
    rows = np.array([[5, 0], [2, 2]])
    np.testing.assert_array_equal(
        checkpoint.floats("layer/weight", rows), checkpoint.floats("layer/weight")[rows]
    )


def test_half_a_float_is_a_number(tmp_path: Path) -> None:
    path = written(tmp_path / "model.bin", {"weight": np.array([1.5, -2, 0.15625], np.float32)})
    shape, kind = b"\x01" + struct.pack("<I", 3), b"\x05" + struct.pack("<I", 6)
    whole = path.read_bytes()
    end = whole.index(shape) + len(shape)
    upper = (np.frombuffer(whole[end + 5 : end + 17], "<u4") >> 16).astype("<u2")
    path.write_bytes(whole[:end] + kind + upper.tobytes() + whole[end + 17 :])
    np.testing.assert_array_equal(Checkpoint(path).floats("layer/weight"), [1.5, -2, 0.15625])


def test_equal_variables_are_stored_once_and_read_by_both_names(tmp_path: Path) -> None:
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = written(tmp_path / "model.bin", {"one": weight, "two": weight.copy()})
    checkpoint = Checkpoint(path)
    assert path.stat().st_size < 2 * weight.nbytes + 100
    np.testing.assert_array_equal(checkpoint.floats("layer/one"), checkpoint.floats("layer/two"))


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_a_damaged_file_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = written(tmp_path / "model.bin", {"weight": np.ones((4, 4), np.float32)})
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ModelMissing, match=r"model\.bin is damaged"):
        Checkpoint(path)


def test_another_version_and_another_file_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "model.bin", {"weight": np.ones((4, 4), np.float32)})
    path.write_bytes(b"\x03" + path.read_bytes()[1:])
    for wrong in (path, tmp_path / "missing.bin"):
        with pytest.raises(ModelMissing):
            Checkpoint(wrong)
