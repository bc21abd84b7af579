"""``transcribe``, ``translate`` and ``speak`` over lists of files, with a service whose stages are fakes."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner, Result

from sokuji.audio.pcm import wav_bytes
from sokuji.cli.app import app
from sokuji.cli.files.outputs import TEXT_FORMATS
from sokuji.config import GatewaySettings, Limits
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import NotRecognised, SokujiError
from tests.support.api_server import serve_api
from tests.support.fake_stages import FakeStt, FakeTts
from tests.support.speech import sample, silence
from tests.support.subtitle_files import read_cues

pytestmark = pytest.mark.slow

FOX = wav_bytes(sample("pt", "pangrama"), 16_000)
SUBTITLES = "1\n00:00:01,000 --> 00:00:02,500\nBom dia.\n\n2\n00:00:03,000 --> 00:00:04,000\nAté logo.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with two recordings in a folder, and texts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talks" / "day 2").mkdir(parents=True)
    for name in ("one.wav", "day 2/two.wav"):
        (tmp_path / "talks" / name).write_bytes(FOX)
    (tmp_path / "note.txt").write_text("Bom dia.\n\nAté logo.\n")
    (tmp_path / "film.srt").write_text(SUBTITLES)
    (tmp_path / "page.html").write_bytes("\ufeff<p>Bom <b>dia</b></p>".encode("utf-16-le"))
    return tmp_path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api() as address:
        yield address


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=stdin, prog_name="sokuji")


def done(*arguments: str, stdin: bytes | None = None) -> Result:
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def container(path: Path) -> str:
    """What FFmpeg takes a sound file for."""
    with av.open(str(path)) as file:
        return f"{file.format.name} {file.streams.audio[0].codec_context.name}"


def test_a_folder_is_transcribed_into_files_of_several_formats_and_keeps_its_structure(
    folder: Path, url: str
) -> None:
    result = done(
        "transcribe", "talks", "--format", "txt,srt,vtt,json,tsv", "--output-dir", "to", "--server", url
    )
    made = files(folder / "to")
    assert set(made) == {f"{name}.{kind}" for name in ("one", "day 2/two") for kind in TEXT_FORMATS}
    assert re.fullmatch(rb"utterance \d+\n", made["one.txt"])
    (cue,) = read_cues(made["day 2/two.vtt"].decode(), "vtt")
    assert re.fullmatch(r"utterance \d+", cue.lines[0])
    assert json.loads(made["one.json"])["segments"][0]["language"] == "pt"
    assert "talks/one.wav (2 of 2): to/one.txt, to/one.srt" in result.stderr
    assert result.stdout == ""


def test_what_is_done_is_skipped_unless_it_is_to_be_done_again(folder: Path) -> None:
    stt = FakeStt()
    with serve_api(stt) as url:
        line = ("transcribe", "talks", "--output-dir", "to", "--server", url)
        done(*line)
        asked = len(stt.requests)
        assert "2 of 2 are done and skipped" in done(*line).stderr
        assert len(stt.requests) == asked
        (folder / "to" / "one.txt").unlink()
        assert "1 of 2 are done and skipped" in done(*line).stderr
        assert len(stt.requests) == asked + 1
        done(*line, "--overwrite")
        assert len(stt.requests) == asked + 3


def test_a_file_that_fails_leaves_the_others_alone(folder: Path, url: str) -> None:
    (folder / "talks" / "empty.wav").write_bytes(wav_bytes(silence(2_000), 16_000))
    (folder / "talks" / "broken.mp3").write_text("this is no sound")
    result = run("transcribe", "talks", "--output-dir", "to", "--server", url)
    assert result.exit_code == 1
    assert "sokuji: talks/empty.wav: it contains no speech" in result.stderr
    assert "sokuji: talks/broken.mp3: no audio can be decoded" in result.stderr
    assert "2 of 4 are done, 2 failed; the same command does the rest" in result.stderr
    assert set(files(folder / "to")) == {"one.txt", "day 2/two.txt"}


def test_what_all_files_would_meet_ends_the_list(folder: Path) -> None:
    result = run("transcribe", "talks", "--output-dir", "to", "--server", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert len(re.findall("no service answers", result.stderr)) == 1


def test_recordings_without_a_format_are_printed_under_their_names(folder: Path, url: str) -> None:
    printed = done("transcribe", "talks/one.wav", "talks/*/*.wav", "--server", url).stdout
    assert re.fullmatch(
        r"==> talks/one.wav <==\n0:0.+  pt  utterance \d+\n"
        r"==> talks/day 2/two.wav <==\n0:0.+  pt  utterance \d+\n",
        printed,
    )


def test_standard_input_and_output_are_files_too(folder: Path, url: str) -> None:
    printed = done("transcribe", "-", "--format", "tsv", "--server", url, stdin=FOX).stdout
    assert re.fullmatch(r"start\tend\ttext\n\d+\t\d+\tutterance \d+\n", printed)
    assert done("transcribe", "-", "-o", "-", "--server", url, stdin=FOX).stdout.startswith("utterance")
    address = (folder / "talks" / "one.wav").as_uri()
    assert done("transcribe", address, "-o", "-", "--server", url).stdout.startswith("utterance")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("out.wav", "wav pcm_s16le"),
        ("out.mp3", "mp3 mp3float"),
        ("out.opus", "ogg opus"),
        ("out.ogg", "ogg opus"),
        ("out.flac", "flac flac"),
    ],
)
def test_the_suffix_of_a_sound_file_is_its_format(folder: Path, url: str, name: str, kind: str) -> None:
    done("speak", "--text", "hello", "--language", "en", "-o", name, "--server", url)
    assert container(folder / name) == kind
    done("translate", "talks/one.wav", "--to", "en", "-o", f"voice-{name}", "--server", url)
    assert container(folder / f"voice-{name}") == kind


def test_a_translation_is_written_as_text_and_as_voice(folder: Path, url: str) -> None:
    formats = ("--format", "srt,json,mp3", "--contents", "both")
    done("translate", "talks", "--to", "en", *formats, "--output-dir", "to", "--server", url)
    made = files(folder / "to")
    assert {name for name in made if name.startswith("one")} == {
        "one.both.en.srt",
        "one.en.json",
        "one.en.mp3",
    }
    (cue,) = read_cues(made["one.both.en.srt"].decode(), "srt")
    assert re.fullmatch(r"utterance \d+ en: utterance \d+", " ".join(cue.lines))


def test_texts_stay_what_they_are(folder: Path, url: str) -> None:
    done(
        "translate",
        "*.txt",
        "film.srt",
        "page.html",
        "--from",
        "pt",
        "--to",
        "en",
        "--output-dir",
        "to",
        "--server",
        url,
    )
    made = files(folder / "to")
    assert made["note.en.txt"].decode() == "en: Bom dia.\n\nen: Até logo.\n"
    assert [each.lines for each in read_cues(made["film.en.srt"].decode(), "srt")] == [
        ("en: Bom dia.",),
        ("en: Até logo.",),
    ]
    assert made["page.en.html"].startswith(b"\xff\xfe")
    assert "<b>" in made["page.en.html"].decode("utf-16")


def test_a_text_comes_from_standard_input_or_the_command_line(folder: Path, url: str) -> None:
    options = ("--from", "pt", "--to", "en", "--server", url)
    assert done("translate", "-", *options, stdin="Olá, mundo.\n".encode()).stdout == "en: Olá, mundo.\n"
    assert done("translate", "--text", "Bom dia.", *options).stdout == "en: Bom dia.\n"
    assert "utterance" in done("translate", "-", *options, stdin=FOX).stdout


def test_a_text_that_is_no_text_is_refused(folder: Path, url: str) -> None:
    (folder / "bad.txt").write_bytes(b"caf\xe9")
    result = run("translate", "bad.txt", "--from", "pt", "--to", "en", "--server", url)
    assert (result.exit_code, "bad.txt: it is no text in UTF-8 at byte 3" in result.stderr) == (1, True)


def test_texts_are_spoken_into_a_folder(folder: Path, url: str) -> None:
    (folder / "other.txt").write_text("Até amanhã.")
    line = ("speak", "note.txt", "other.txt", "--language", "Portuguese")
    done(*line, "--format", "mp3,wav", "--output-dir", "to", "--server", url)
    assert set(files(folder / "to")) == {
        f"{name}.{kind}" for name in ("note", "other") for kind in ("mp3", "wav")
    }


def test_a_long_text_is_spoken_in_requests_that_a_service_takes(folder: Path) -> None:
    tts = FakeTts()
    text = "Esta frase tem quarenta letras ao todo. " * 60
    (folder / "long.txt").write_text(text)
    with serve_api(tts=tts, settings=GatewaySettings(limits=Limits(max_text_chars=1_500))) as url:
        done("speak", "long.txt", "--language", "pt", "-o", "long.wav", "--server", url)
    assert " ".join(request.text for request in tts.requests).split() == text.split()


def test_a_long_recording_is_transcribed_in_parts_with_times_of_the_whole(folder: Path) -> None:
    pcm = b"".join(sample("pt", "pangrama") + silence(1_500) for _ in range(16))
    (folder / "long.wav").write_bytes(wav_bytes(pcm, 16_000))
    settings = GatewaySettings(limits=Limits(max_audio_s=70))
    with serve_api(FakeStt("first", NotRecognised("noise")), settings=settings) as url:
        result = done("transcribe", "long.wav", "--format", "json", "--server", url)
    body = json.loads(result.stdout)
    starts = [each["start_ms"] for each in body["segments"]]
    assert len(starts) + len(body["unrecognised"]) == 16
    assert starts == sorted(starts)
    assert starts[-1] > 70_000
    assert "not recognised" in result.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("transcribe talks -o talks.txt", "2 inputs need a folder for their files"),
        ("transcribe talks/one.wav -o one.mp3", "accepted: .txt, .srt, .vtt, .json, .tsv"),
        ("transcribe talks/one.wav --format doc", "accepted: txt, srt, vtt, json, tsv"),
        ("translate talks/one.wav --to en -o one.xyz", "accepted: .txt, .srt, .vtt, .json, .tsv, .wav, .mp3"),
        ("translate talks/one.wav --to en --voice joe", "there is no sound to write"),
        ("translate film.srt --to en --format vtt", "film.srt is a text, which keeps its format"),
        ("translate film.srt --to en -o film.vtt", "accepted: .srt"),
        ("translate film.srt --to en -o film.srt", "is film.srt or made of it too"),
        ("translate film.srt --text hello --to en", "name files, - for standard input, or a --text"),
        ("speak --text hello --language en", "name a file, such as speech.mp3"),
        ("speak --text hello --language en -o out.xyz", "accepted: .wav, .mp3, .opus, .ogg, .flac"),
        (
            "transcribe talks/one.wav --server http://127.0.0.1:9 --model base",
            "the service has models of its own",
        ),
        ("speak hello --language en -o out.mp3", "'hello' does not exist"),
    ],
)
def test_what_does_not_go_together_is_refused_before_the_work(folder: Path, line: str, message: str) -> None:
    before = files(folder)
    result = run(*line.split())
    assert result.exit_code == 2
    assert message in re.sub(r"[\s│]+", " ", result.stderr)
    assert files(folder) == before


def shown_on(controller: int) -> str:
    """All that a terminal is sent until nobody has it open any more."""
    shown = b""
    with suppress(OSError):  # EIO is the end.
        while chunk := os.read(controller, 4_096):
            shown += chunk
    os.close(controller)
    return shown.decode()


def test_a_terminal_shows_a_bar_and_results_stay_on_standard_output(folder: Path) -> None:
    controller, terminal = pty.openpty()
    with serve_api(FakeStt(delay_s=0.5)) as url:
        line = ("transcribe", "talks/one.wav", "--format", "txt", "--server", url)
        command = [sys.executable, "-c", "from sokuji.cli.main import main; main()", *line]
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env=env)
        os.close(terminal)
        shown = shown_on(controller)
        results, _ = running.communicate(timeout=60)
    assert (running.returncode, results) == (0, b"utterance 1\n")
    assert "talks/one.wav" in shown
    assert "0:00.0 of 0:03.5" in shown


class OnceOnlyStt(FakeStt):
    """Recognises one utterance, and keeps the caller of the next one waiting."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        if self.requests:
            self.gate.clear()
        return await super().transcribe(requests)


def test_an_interruption_keeps_what_is_done_and_says_how_to_go_on(folder: Path) -> None:
    pcm = sample("pt", "pangrama") + silence(1_500) + sample("pt", "contagem")
    (folder / "talks" / "z.wav").write_bytes(wav_bytes(pcm, 16_000))
    stt = OnceOnlyStt()
    with serve_api(stt) as url:
        line = (
            "translate",
            "talks/one.wav",
            "talks/z.wav",
            "--to",
            "en",
            "--format",
            "txt",
            "--output-dir",
            "to",
        )
        command = [sys.executable, "-c", "from sokuji.cli.main import main; main()", *line, "--server", url]
        running = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        assert running.stderr is not None
        assert "talks/one.wav (1 of 2): to/one.en.txt" in running.stderr.readline()
        while not stt.under_way:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert "interrupted: 1 of 2 are done; the same command does the rest" in said
    assert "Traceback" not in said
    assert set(files(folder / "to")) == {"one.en.txt"}
