"""The ``sokuji`` command and the load client, with fakes behind the doors of the API."""

import io
import json
import re
import socket
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from load_tests.benchmark import app as benchmark
from sokuji.audio.pcm import wav_bytes
from sokuji.cli.app import app as sokuji
from sokuji.errors import ProviderFailed
from sokuji.measure.latency import LATENCY_POINTS
from tests.support.api_server import serve_api
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.grpc_api import serve_grpc
from tests.support.speech import sample, silence
from tests.support.subtitle_files import read_cues

FOX = sample("pt", "pangrama")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a recording "fox.wav" and a silent one in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fox.wav").write_bytes(wav_bytes(FOX, 16_000))
    (tmp_path / "silent.wav").write_bytes(wav_bytes(silence(2_000), 16_000))
    (tmp_path / "text.wav").write_text("this is no sound")
    return tmp_path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A service of fakes that hears "utterance N" in Portuguese and answers with 200 ms of sound."""
    with serve_api() as address:
        yield address


def run(line: str, app: typer.Typer = sokuji) -> Result:
    return CliRunner().invoke(app, line.split(), prog_name="sokuji")


def failure(line: str) -> str:
    """The one line on standard error of a command that fails."""
    result = run(line)
    assert result.exit_code == 1
    (message,) = result.stderr.splitlines()
    assert message.startswith("sokuji: ")
    return message


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wav(path: Path) -> tuple[int, float]:
    """Rate and duration in seconds."""
    with wave.open(io.BytesIO(path.read_bytes())) as reader:
        assert (reader.getnchannels(), reader.getsampwidth()) == (1, 2)
        return reader.getframerate(), reader.getnframes() / reader.getframerate()


def test_a_running_service_translates_instead_when_asked(folder: Path, url: str) -> None:
    result = run(f"translate fox.wav --to en -o out.wav --server {url}")
    assert result.exit_code == 0, result.output
    heard, meant = result.stdout.splitlines()
    assert re.fullmatch(r"0:00\.\d - 0:03\.\d  pt  utterance \d", heard)
    assert re.fullmatch(r" +en  en: utterance \d", meant)
    assert wav(folder / "out.wav") == (22_050, 0.2)


@pytest.mark.parametrize(("option", "text"), [("", "en: utterance"), ("--contents source", "utterance")])
@pytest.mark.parametrize("subtitle_format", ["srt", "vtt"])
def test_a_translation_is_printed_as_subtitles(
    folder: Path, url: str, subtitle_format: str, option: str, text: str
) -> None:
    line = f"translate fox.wav --to en -o out.wav --server {url} --format {subtitle_format} {option}"
    (cue,) = read_cues(run(line).stdout, subtitle_format)
    assert re.fullmatch(rf"{text} \d+", " ".join(cue.lines))
    assert wav(folder / "out.wav") == (22_050, 0.2)


def test_a_translation_is_printed_as_json(folder: Path, url: str) -> None:
    (utterance,) = json.loads(
        run(f"translate fox.wav --to en -o out.wav --server {url} --format json").stdout
    )["segments"]
    assert utterance["language"] == "pt"
    assert utterance["translation"] == f"en: {utterance['text']}"
    assert 0 <= utterance["start_ms"] < utterance["end_ms"] <= 4_000


def test_a_recording_of_which_no_voice_reads_anything_is_printed_and_writes_no_sound(folder: Path) -> None:
    with serve_api(translator=FakeTranslator(*9 * ["你好世界"])) as address:
        result = run(f"translate fox.wav --to en -o out.wav --server {address}")
    assert "你好世界" in result.stdout
    assert result.exit_code == 1
    assert "no voice reads the translation" in result.stderr
    assert not (folder / "out.wav").exists()


def test_an_utterance_that_fails_fails_the_recording(folder: Path) -> None:
    broken = [ProviderFailed("the model is broken")] * 9  # It is also asked for what is not used in the end.
    with serve_api(translator=FakeTranslator(*broken)) as address:
        assert "the model is broken" in failure(f"translate fox.wav --to en -o out.wav --server {address}")
    assert not (folder / "out.wav").exists()


def test_voice_and_speed_reach_the_service(folder: Path) -> None:
    tts = FakeTts()
    with serve_api(tts=tts) as address:
        run(f"translate fox.wav --to en --voice joe --speed 2 -o out.wav --server {address}")
    assert {(request.voice, request.speed) for request in tts.requests} == {("joe", 2)}


def test_an_unknown_voice_is_refused_with_those_that_exist(folder: Path, url: str) -> None:
    message = failure(f"translate fox.wav --to en --voice nobody -o out.wav --server {url}")
    assert "accepted: default, joe" in message


def test_an_unsupported_pair_is_refused_by_the_service(folder: Path, url: str) -> None:
    both = f"translate fox.wav --from pt --source-languages pt,en --to en -o out.wav --server {url}"
    assert "source_languages are the candidates" in failure(both)
    message = failure(f"translate fox.wav --from pt --to ja -o out.wav --server {url}")
    assert "targets served for 'pt': en" in message


@pytest.mark.slow
def test_the_demo_shows_captions_and_latencies_and_saves_the_voice(folder: Path, url: str) -> None:
    result = run(f"demo --url {url} --file fox.wav")
    assert result.exit_code == 0, result.output
    assert re.search(r"pt  utterance \d+\n +en  en: utterance \d", result.stdout)
    table = result.stdout.partition("Milliseconds from the end of speech")[2]
    for point in ("endpoint", "caption", "translation", "first audio", "last audio", "median"):
        assert all(word in table for word in point.split())
    assert wav(folder / "demo.wav") == (22_050, 0.2)


@pytest.mark.slow
@pytest.mark.slow
def test_the_demo_speaks_grpc(folder: Path) -> None:
    with serve_grpc() as address:
        result = run(f"demo --url grpc://{address} --file fox.wav")
    assert result.exit_code == 0, result.output
    assert wav(folder / "demo.wav") == (22_050, 0.2)
    assert run("demo --url grpc://nowhere --file fox.wav").exit_code == 1


def test_the_options_of_the_demo_reach_the_service(folder: Path, url: str) -> None:
    result = run(f"demo --url {url} --file fox.wav --to en,en --commit utterance --no-partials")
    assert result.exit_code == 0, result.output
    assert re.search(r"pt  utterance \d+\n +en  en: utterance \d", result.stdout)
    assert "targets served for 'pt': en" in failure(f"demo --url {url} --file fox.wav --to en,ja")


def test_the_demo_without_a_service_says_how_to_start_one(folder: Path) -> None:
    assert "make run" in failure(f"demo --url http://127.0.0.1:{free_port()} --file fox.wav")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("translate silent.wav --to en -o out.wav --server {url}", "silent.wav: it contains no speech"),
        ("translate text.wav --to en -o out.wav --server {url}", "accepted: WAV, AIFF"),
        pytest.param("demo --url {url} --file silent.wav", "detected no speech", marks=pytest.mark.slow),
        ("demo --url {url} --from de", "no recordings in 'de'; accepted: en, es"),
        ("models fetch piper nobody", "nobody"),
    ],
)
def test_a_failure_is_one_line(folder: Path, url: str, line: str, message: str) -> None:
    assert message in failure(line.format(url=url))
    assert not (folder / "out.wav").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("translate fox.wav --from Portugese --to en -o out.wav", "did you mean Portuguese (pt)"),
        (
            "translate fox.wav --from pt --to qqqqqq -o out.wav",
            "a code such as pt, or a name such as Portuguese",
        ),
        ("transcribe fox.wav --source-languages pt,Englich", "did you mean English (en)"),
        ("translate missing.wav --to en -o out.wav", "does not exist"),
        ("translate fox.wav --to en -o no/such/folder/out.wav", "No such file or directory"),
        ("demo --to en,Portugese", "did you mean Portuguese (pt)"),
        ("demo --commit word", "'auto', 'utterance', 'clause'"),
        ("translate fox.wav --to en -o out.wav --speed 9", "less than or equal to 2"),
        ("translate fox.wav --to en -o out.wav --server somewhere", "an example is http://127.0.0.1:8000"),
        ("translate --to en", "name files, - for standard input, or a --text"),
        ("models fetch poems ode", "whisper"),
        ("sing", "sing"),
    ],
)
def test_a_wrong_command_line_says_what_is_accepted(folder: Path, line: str, message: str) -> None:
    result = run(line)
    assert result.exit_code == 2
    assert message in re.sub(r"[\s│]+", " ", result.stderr)


def test_help_names_every_command_and_the_version_is_that_of_the_package() -> None:
    shown = run("--help")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in ("translate", "transcribe", "speak", "models", "demo"))
    assert re.fullmatch(r"sokuji \d+\.\d+\.\d+\n", run("--version").stdout)


def test_the_embedded_models_are_listed_and_verified() -> None:
    listed, verified = run("models list"), run("models verify")
    assert (listed.exit_code, verified.exit_code) == (0, 0)
    assert re.search(r"whisper +large-v3 +fetchable +MIT", listed.stdout)
    for model in ("whisper +base", "piper +en_US-joe-medium", "kokoro +kokoro-82m-int8", "bergamot +pt-en"):
        assert re.search(model + r" +verified +[\d.,]+ MB", verified.stdout)


@pytest.mark.slow
def test_the_benchmark_reports_that_nothing_was_lost(folder: Path, url: str) -> None:
    result = run(
        f"--url {url} --sessions 2 --duration 5 --warm-up 0 --commit utterance --partials "
        "--output reports/report.json",
        benchmark,
    )
    assert result.exit_code == 0, result.output
    report = json.loads((folder / "reports" / "report.json").read_text())
    (level,) = report["levels"]
    assert (level["sessions"], level["lost"], level["out_of_order"], level["errors"]) == (2, 0, 0, {})
    assert level["sent"] == level["received"] >= 2
    assert tuple(level["latency_ms"]) == LATENCY_POINTS
    assert all(times["p50"] <= times["p95"] <= times["p99"] for times in level["latency_ms"].values())
    assert report["service"]["version"]
    assert report["machine"]["cores"] >= 1
    assert report["load"]["target_language"] == "en"
    assert (report["load"]["commit"], report["load"]["partials"]) == ("utterance", True)
    assert (level["resumptions"], level["error_rate"]) == (0, 0)
    assert {"p95", "p99"} <= set(level["percentiles_of_few"])
    assert (level["usage"], report["serve"]) == (None, None)
    assert (folder / "reports" / "report.png").read_bytes().startswith(b"\x89PNG")
    assert "first audio" in result.stdout


@pytest.mark.slow
def test_the_benchmark_fails_when_something_was_lost(folder: Path) -> None:
    with serve_api(FakeStt(), FakeTranslator(), FakeTts(ProviderFailed("hoarse"))) as address:
        result = run(f"--url {address} --sessions 1 --duration 5 --warm-up 0 -o report.json", benchmark)
    assert result.exit_code == 1
    assert "lost" in result.stderr
    (level,) = json.loads((folder / "report.json").read_text())["levels"]
    assert (level["lost"], level["errors"]) == (1, {"provider_failed": 1})


def test_the_benchmark_without_a_service_says_how_to_start_one(folder: Path) -> None:
    result = run(f"--url http://127.0.0.1:{free_port()}", benchmark)
    assert result.exit_code == 1
    assert "make run" in result.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--sessions 1,none", "like 1,2,4"),
        ("--config serve_config.yaml", "--url for a running one"),
        ("--output report.png", "name a .json file"),
    ],
)
def test_the_benchmark_refuses_what_it_cannot_do(folder: Path, url: str, line: str, message: str) -> None:
    result = run(f"--url {url} {line}", benchmark)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split())
