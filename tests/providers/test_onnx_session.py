"""Models are opened from files and from memory, which is given back."""

import tempfile
from pathlib import Path

import numpy as np
import psutil
import pytest

from sokuji.errors import ModelMissing
from sokuji.providers.onnx_graph import GraphBuilder, Tensor
from sokuji.providers.onnx_session import open_session_on

pytestmark = pytest.mark.models

SIDE = 2_048
WEIGHTS = SIDE * SIDE * 4
"""Bytes of the weights of ``product``."""


def product() -> bytes:
    """A model that multiplies rows by a matrix of ones."""
    graph = GraphBuilder("product")
    rows = graph.node("MatMul", "rows", graph.constant(np.ones((SIDE, SIDE), np.float32)))
    return graph.model({"rows": Tensor(("n", SIDE))}, {"sums": Tensor(("n", SIDE), source=rows)})


def used() -> int:
    return int(psutil.Process().memory_full_info().uss)


def test_a_model_in_memory_is_held_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    open_session_on("cpu", product(), cpu_threads=1)
    before = used()
    session = open_session_on("cpu", product(), cpu_threads=1)
    # Neither the bytes nor what was parsed is kept beside the weights.
    assert used() - before < 1.6 * WEIGHTS
    assert not list(tmp_path.iterdir())
    (sums,) = session.run(None, {"rows": np.ones((1, SIDE), np.float32)})
    assert (sums == SIDE).all()


def test_a_file_is_opened_where_it_is_and_stays(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(product())
    assert open_session_on("cpu", tmp_path / "model.onnx", cpu_threads=1).get_inputs()[0].name == "rows"
    assert (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(("name", "in_memory"), [("the model", True), ("model.onnx", False)])
def test_what_is_no_model_is_refused(tmp_path: Path, name: str, in_memory: bool) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelMissing, match=f"{name} cannot be loaded"):
        open_session_on("cpu", b"no model" if in_memory else path, cpu_threads=1)
