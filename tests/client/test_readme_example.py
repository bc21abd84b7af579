"""The program of the README runs as it is, against a service of fakes."""

import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from sokuji.audio.pcm import wav_bytes
from tests.support.api_server import serve_api
from tests.support.speech import sample

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_example_prints_the_translation_and_writes_the_voice(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "talk.wav").write_bytes(wav_bytes(sample("pt", "ola_mundo"), 16_000))
    with serve_api() as url:
        program = program.replace('"http://127.0.0.1:8000"', repr(url))
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (run.returncode, run.stderr) == (0, "")
    assert re.fullmatch(r"en: utterance \d+\n", run.stdout)
    with wave.open(str(tmp_path / "talk-en.wav")) as voice:
        assert voice.getnframes() / voice.getframerate() == pytest.approx(0.2, abs=0.01)
