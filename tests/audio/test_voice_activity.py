"""Voice activity: the probabilities of Silero's own batch run, frame by frame and stream by stream."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model

from sokuji.audio import voice_activity
from sokuji.audio.voice_activity import SileroVad
from sokuji.errors import ModelMissing
from tests.support.speech import sample, silence

FRAME_BYTES = 1_024


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


def one_at_a_time(model: SileroVad, heard: list[bytes]) -> list[float]:
    return [probability for frame in heard for probability in model.probabilities([frame])]


@pytest.mark.parametrize("recording", [("en", "quick_brown_fox"), ("ja", "pangrama")])
def test_streaming_equals_the_batch_probabilities_of_faster_whisper(recording: tuple[str, str]) -> None:
    heard = frames(silence(640) + sample(*recording) + silence(640))
    model = SileroVad()
    streamed = one_at_a_time(model, heard)
    batch = get_vad_model()(np.frombuffer(b"".join(heard), "<i2").astype(np.float32) / 32_768)
    assert streamed == pytest.approx(batch.ravel().tolist(), abs=1e-5)
    assert max(streamed) > 0.95
    assert min(streamed) < 0.05


def test_streams_do_not_disturb_each_other() -> None:
    speech = frames(sample("pt", "contagem"))
    alone, first, second = SileroVad(), SileroVad(), SileroVad()
    expected = one_at_a_time(alone, speech)
    mixed = []
    for frame, other in zip(speech, reversed(speech), strict=True):
        mixed += first.probabilities([frame])
        second.probabilities([other])
    assert mixed == expected


def test_reset_forgets_what_was_heard() -> None:
    speech = frames(sample("en", "hello_world"))
    model = SileroVad()
    fresh = one_at_a_time(model, speech)
    carried_over = one_at_a_time(model, speech)
    model.reset()
    assert one_at_a_time(model, speech) == fresh != carried_over


@pytest.mark.parametrize("together", [2, 3, 50, 1_000])
def test_frames_that_are_given_together_are_rated_as_one_after_another(together: int) -> None:
    speech = frames(sample("pt", "contagem"))
    model = SileroVad()
    parts = [speech[begin : begin + together] for begin in range(0, len(speech), together)]
    rated = [each for part in parts for each in model.probabilities(part)]
    assert rated == pytest.approx(one_at_a_time(SileroVad(), speech), abs=1e-5)
    assert model.probabilities([]) == []


def test_model_is_found_without_importing_faster_whisper() -> None:
    program = (
        "import sys; from sokuji.audio.voice_activity import SileroVad;"
        "SileroVad().probabilities([bytes(1024)]);"
        "sys.exit(int(bool({'faster_whisper', 'ctranslate2'} & sys.modules.keys())))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("spec", [None, ModuleSpec("faster_whisper", None, origin="/nowhere/__init__.py")])
def test_absent_model_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, spec: ModuleSpec | None
) -> None:
    monkeypatch.setattr(voice_activity, "find_spec", lambda name: spec)
    voice_activity._model.cache_clear()
    with pytest.raises(ModelMissing, match="pip install faster-whisper") as caught:
        SileroVad()
    assert str(Path("/nowhere")) not in caught.value.message
