"""The ``sokuji`` program in a process of its own, as a user starts it, and what its commands must do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import av

from sokuji.audio.decoding import decode
from sokuji.audio.pcm import wav_bytes
from tests.support.speech import reference, sample
from tests.support.subtitle_files import read_cues
from tests.support.text_similarity import word_error_rate

PROGRAM = (sys.executable, "-c", "from sokuji.cli.main import main; main()")
TIMEOUT_S = 110


def sokuji(*arguments: str, folder: Path, stdin: bytes | None = None) -> bytes:
    """Standard output of the program, which succeeds; it runs in ``folder``."""
    paths = [path for path in (os.getcwd(), os.environ.get("PYTHONPATH", "")) if path]
    run = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=TIMEOUT_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def transcribes(folder: Path, *options: str) -> None:
    """Two recordings, one of them on standard input, become text and subtitles with the right words."""
    (folder / "fox.wav").write_bytes(wav_bytes(sample("pt", "pangrama"), 16_000))
    count = wav_bytes(sample("pt", "contagem"), 16_000)
    line = ("transcribe", "fox.wav", "-", "--language", "Portuguese", "--output-dir", "made", *options)
    sokuji(*line, "--format", "txt,vtt,json", folder=folder, stdin=count)
    for name, recording in (("fox", "pangrama"), ("stdin", "contagem")):
        text = (folder / "made" / f"{name}.txt").read_text()
        assert word_error_rate(reference("pt", recording), text, "pt") < 0.5
        body = json.loads((folder / "made" / f"{name}.json").read_text())
        assert [word["text"] for each in body["segments"] for word in each["words"]] == text.split()
        cues = read_cues((folder / "made" / f"{name}.vtt").read_text(), "vtt")
        assert " ".join(line for cue in cues for line in cue.lines).split() == text.split()


def translates(folder: Path, *options: str) -> None:
    """A recording becomes a translation and its voice in MP3, and a subtitle file another one."""
    (folder / "fox.wav").write_bytes(wav_bytes(sample("pt", "pangrama"), 16_000))
    (folder / "film.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\nO livro está na mesa.\n")
    line = ("translate", "--from", "pt", "--to", "English", "--output-dir", "made", *options)
    sokuji(*line, "fox.wav", "--format", "tsv,mp3", "--contents", "both", folder=folder)
    _, row = (folder / "made" / "fox.both.en.tsv").read_text().splitlines()
    assert "raposa" in row.split("\t")[2]
    assert "fox" in row.split("\t")[3]
    assert 1 < seconds(folder / "made" / "fox.en.mp3") < 8
    sokuji(*line, "film.srt", folder=folder)
    (cue,) = read_cues((folder / "made" / "film.en.srt").read_text(), "srt")
    assert "book" in cue.lines[0]
    assert (cue.start_ms, cue.end_ms) == (1_000, 2_500)


def speaks(folder: Path, *options: str) -> None:
    """A text on standard input becomes an MP3 on standard output."""
    text = b"The quick brown fox jumps over the lazy dog."
    line = ("speak", "-", "--language", "en", "--format", "mp3", "-o", "-")
    (folder / "speech.mp3").write_bytes(sokuji(*line, *options, folder=folder, stdin=text))
    assert 1.5 < seconds(folder / "speech.mp3") < 6


def seconds(path: Path) -> float:
    """How long a sound file lasts that is what its suffix says."""
    with av.open(str(path)) as file:
        assert file.format.name == path.suffix.removeprefix(".")
    return len(decode(path.read_bytes(), max_seconds=60)) / 2 / 16_000
