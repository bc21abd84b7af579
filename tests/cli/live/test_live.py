"""``sokuji live`` with a scripted sound card: real speech goes in, captions and a voice come out."""

import asyncio
import os
import pty
import re
import termios
import wave
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from sokuji.cli.app import app
from sokuji.cli.live import command, conversation
from sokuji.cli.live.interpreter import LiveInterpreter
from sokuji.cli.live.keyboard import keys
from sokuji.cli.live.screen import level_db, live_screen, meter
from sokuji.cli.live.sound_device import VOICE_RATE
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.config import GatewaySettings, PiperConfig
from sokuji.config.gateway import StreamingSettings
from tests.support.api_server import serve_api
from tests.support.fake_stages import FakeStt, FakeTts
from tests.support.scripted_sound import ScriptedCard
from tests.support.speech import sample, silence

SPEECH = silence(300) + sample("pt", "ola_mundo") + silence(1_500)


def live(card: ScriptedCard, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setattr(command, "SoundCard", card)
    return CliRunner().invoke(app, ["live", "--to", "en", *arguments], prog_name="sokuji")


def voiced_s(card: ScriptedCard) -> float:
    """How long a voice was played."""
    return float(np.count_nonzero(np.frombuffer(bytes(card.voice), "<i2"))) / VOICE_RATE


@pytest.mark.slow
def test_captions_and_the_voice_come_from_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = ScriptedCard(SPEECH)
    with serve_api() as url:
        options = ("--server", url, "--from", "Portuguese", "--input-device", "2", "--output-device", "USB")
        result = live(card, monkeypatch, *options, "--record", str(tmp_path / "all.wav"))
    assert result.exit_code == 0, result.output
    assert re.search(r"0:0\d\.\d  pt  utterance \d+\n +en  en: utterance \d+\n", result.stdout)
    assert card.names == ("2", "USB")
    assert voiced_s(card) == pytest.approx(0.2, abs=0.03)
    with wave.open(str(tmp_path / "all.wav")) as file:
        left, right = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T
    assert np.abs(left).max() > 1_000
    assert np.count_nonzero(right) / VOICE_RATE == pytest.approx(voiced_s(card))


@pytest.mark.slow
def test_captions_alone_need_no_loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    card, tts = ScriptedCard(SPEECH), FakeTts()
    with serve_api(tts=tts) as url:
        result = live(card, monkeypatch, "--captions-only", "--server", url)
    assert "en: utterance" in result.stdout
    assert (len(card.voice), tts.requests) == (0, [])


@pytest.mark.models
def test_real_speech_is_interpreted_by_models_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine must not leave the voice out.
    patient = GatewaySettings(streaming=StreamingSettings(max_voice_lag_s=600))
    monkeypatch.setattr(conversation, "SETTINGS", patient)
    monkeypatch.setattr(conversation, "TTS", (PiperConfig(),))
    card = ScriptedCard(sample("pt", "pangrama") + silence(1_500))
    result = live(card, monkeypatch, "--from", "pt", "--model", "base", "--no-partials")
    assert result.exit_code == 0, result.output
    assert re.search(r"pt  .*raposa", result.stdout)
    assert re.search(r"en  .*fox", result.stdout)
    assert voiced_s(card) > 0.5


@pytest.mark.slow
def test_a_microphone_that_is_unplugged_is_a_failure_after_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = ScriptedCard(SPEECH, then="unplugged")
    with serve_api() as url:
        result = live(card, monkeypatch, "--server", url)
    assert "en: utterance" in result.stdout
    assert voiced_s(card) == pytest.approx(0.2, abs=0.03)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        1,
        "sokuji: the microphone is gone; what was said before is finished",
    )


@pytest.mark.slow
def test_a_microphone_that_hears_the_loudspeaker_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sokuji.cli.live.echo.EchoDetector.heard", lambda detector, pcm: True)
    with serve_api() as url:
        result = live(ScriptedCard(SPEECH), monkeypatch, "--server", url)
    assert result.stderr.count("the microphone hears the loudspeaker") == 1


def test_a_device_that_cannot_be_used_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_api() as url:
        result = live(ScriptedCard(failure="no such microphone"), monkeypatch, "--server", url)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "sokuji: no such microphone")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--record", "all.mp3"], "accepted: .wav"),
        (["--record", "no/such/all.wav"], "No such file or directory"),
        (["--push-to-talk"], "standard input is none"),
        (["--captions-only", "--voice", "joe"], "there is no voice"),
        (["--server", "http://127.0.0.1:9", "--device", "cpu"], "the service has models of its own"),
    ],
)
def test_what_does_not_go_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, line: list[str], message: str
) -> None:
    result = live(ScriptedCard(), monkeypatch, *line)
    assert result.exit_code == 2
    assert message in re.sub(r"[\s│]+", " ", result.stderr)


async def talked_ms(url: str, card: ScriptedCard, before: str, after: str) -> float:
    """How much of what a card hears is sent, with keys pressed before and after it."""
    config = Config(source_language="pt", target_language="en", output="captions")
    with live_screen() as screen:
        async with connect(url, config) as client:
            interpreter = LiveInterpreter(client, screen, speaks=False, push_to_talk=True, recorder=None)
            for key in before:
                interpreter.press(key)
            running = asyncio.create_task(interpreter.run(card))
            assert await asyncio.to_thread(card.heard_all.wait, 30)
            for key in after:
                interpreter.press(key)
            await running
            return client.sent_ms


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "is_heard"),
    [("", "q", False), (" ", " q", True), ("\n ", "q", False), (" ", "q", True)],
)
def test_what_is_heard_between_two_presses_of_space_is_sent_and_nothing_else(
    before: str, after: str, is_heard: bool
) -> None:
    stt = FakeStt()
    card = ScriptedCard(sample("pt", "ola_mundo")[:-16_000], then="nothing")
    with serve_api(stt) as url:
        sent_ms = asyncio.run(talked_ms(url, card, before, after))
    assert (sent_ms > 0, bool(stt.requests)) == (is_heard, is_heard)


async def test_keys_come_without_enter_and_the_terminal_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = pty.openpty()
    pressed: asyncio.Queue[str] = asyncio.Queue()
    with os.fdopen(controller, "wb", buffering=0) as keyboard, os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        before = termios.tcgetattr(stdin)
        with keys(pressed.put_nowait):
            keyboard.write(b" q")
            assert [await asyncio.wait_for(pressed.get(), 10) for _ in range(2)] == [" ", "q"]
        assert termios.tcgetattr(stdin) == before


def test_the_meter_shows_decibels_of_full_scale() -> None:
    assert level_db(b"") == level_db(bytes(200)) == float("-inf")
    assert level_db(np.full(100, 16_384, "<i2").tobytes()) == pytest.approx(-6.02, abs=0.01)
    assert meter(float("-inf")).count("=") == 0
    assert meter(-30).count("=") == 15
    assert meter(0).count("=") == 30
