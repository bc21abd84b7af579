"""The modules of the page, run by Node.js: see the files beside this one that end in ``.test.mjs``."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import fftconvolve

from sokuji.audio.pcm import RECOGNISER_RATE
from tests.support.speech import samples

HERE = Path(__file__).parent
NODE = shutil.which("node")
FRAME = RECOGNISER_RATE * 80 // 1_000
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed: apt install nodejs"),
]


def node(*arguments: str) -> str:
    done = subprocess.run(
        [str(NODE), *arguments], cwd=HERE, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    return done.stdout


@pytest.mark.parametrize("file", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_modules_behave(file: str) -> None:
    assert "# pass" in node("--test", "--test-reporter=tap", file)


def levels(pcm: bytes) -> list[float]:
    """As ``levels.js`` measures them, in dB."""
    frames = np.frombuffer(pcm, "<i2")[: len(pcm) // 2 // FRAME * FRAME].reshape(-1, FRAME) / 32_768
    return [max(-60.0, float(db)) for db in 10 * np.log10((frames**2).mean(1) + 1e-12)]


def recordings() -> list[bytes]:
    """Several seconds of speech in each language."""
    languages = ("en", "es", "fr", "hi", "it", "ja", "pl", "pt", "zh")
    return [b"".join(pcm for _, pcm, _ in samples(language)) for language in languages]


def in_a_room(pcm: bytes, *, delay_ms: int, db: float) -> bytes:
    """What a microphone hears of a loudspeaker: later and quieter, with the echoes and noise of a room."""
    random = np.random.default_rng(delay_ms)
    tail = np.arange(1, 4_000)
    room = np.concatenate([[1.0], random.normal(0, 0.02, tail.size) * np.exp(-tail / 1_200)])
    played = np.frombuffer(pcm, "<i2").astype(float)
    heard = fftconvolve(played, room)[: played.size] * 10 ** (db / 20)
    late = np.concatenate([np.zeros(delay_ms * RECOGNISER_RATE // 1_000), heard])[: played.size]
    noisy = late + random.normal(0, 32, played.size)
    return noisy.clip(-32_768, 32_767).astype("<i2").tobytes()


def echoes(cases: list[tuple[bytes, bytes]], tmp_path: Path) -> list[bool]:
    """Whether the detector hears the loudspeaker in each case of (microphone, loudspeaker)."""
    path = tmp_path / "levels.json"
    path.write_text(json.dumps([[levels(heard), levels(played)] for heard, played in cases]))
    found: list[bool] = json.loads(node("echo.mjs", str(path)))
    return found


@pytest.mark.parametrize(("delay_ms", "db"), [(0, -10), (310, -20), (550, -15)])
def test_a_loudspeaker_in_the_microphone_is_noticed(delay_ms: int, db: float, tmp_path: Path) -> None:
    cases = [(in_a_room(pcm, delay_ms=delay_ms, db=db), pcm) for pcm in recordings()]
    assert all(echoes(cases, tmp_path))


def test_people_who_speak_while_a_voice_plays_are_no_echo(tmp_path: Path) -> None:
    spoken = recordings()
    pairs = [(one, other) for one in spoken for other in spoken if one is not other]
    assert not any(echoes([(a[: len(b)], b[: len(a)]) for a, b in pairs], tmp_path))


def test_a_silent_microphone_hears_nothing(tmp_path: Path) -> None:
    assert not any(echoes([(bytes(len(pcm)), pcm) for pcm in recordings()], tmp_path))
