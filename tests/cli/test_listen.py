"""``sokuji listen``: captions in the terminal, the voice in a file, and clear errors."""

import asyncio
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sokuji import events
from sokuji.cli.app import app
from sokuji.client import Config, connect
from tests.support.api_server import serve_api
from tests.support.speech import sample, silence


@contextmanager
def speaker(url: str) -> Iterator[str]:
    """The link of a broadcast whose speaker waits for a listener, and then speaks."""
    links: list[str] = []
    known = threading.Event()

    async def speak() -> None:
        config = Config(source_language="pt", target_language="en", broadcast=True)
        async with connect(url, config) as conversation:
            links.append(f"{url}/listen?session={conversation.ready.broadcast}")
            known.set()
            async for event in conversation:
                if isinstance(event, events.Attendance) and event.listeners:
                    await conversation.send(sample("pt", "ola_mundo") + silence(1_000))
                    await conversation.end()

    speaking = threading.Thread(target=lambda: asyncio.run(speak()))
    speaking.start()
    assert known.wait(20)
    yield links[0]
    speaking.join(20)
    assert not speaking.is_alive()


def test_captions_are_printed_and_the_voice_is_written(tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    with serve_api() as url, speaker(url) as link:
        result = CliRunner().invoke(app, ["listen", "--url", link, "--to", "en", "-o", str(voice)])
    assert result.exit_code == 0, result.output
    source, translated = result.stdout.splitlines()
    assert source.split()[1:] == ["pt", "utterance", "1"]
    assert translated.split() == ["en", "en:", "utterance", "1"]
    with wave.open(str(voice)) as file:
        assert (file.getframerate(), file.getnchannels()) == (22_050, 1)
        assert file.getnframes() == 2 * 2_205


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (["--url", "http://127.0.0.1:1"], 2, "session"),
        (["--url", "http://127.0.0.1:1/listen?session=x"], 1, "no service answers"),
        (["--url", "http://127.0.0.1:1/listen?session=x", "--to", "klingonisch"], 2, "klingonisch"),
        (["--url", "http://127.0.0.1:1/listen?session=x", "-o", "/nowhere/a.wav"], 2, "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_begins(
    options: list[str], exit_code: int, said: str
) -> None:
    result = CliRunner().invoke(app, ["listen", *options], env={"COLUMNS": "200"})
    assert result.exit_code == exit_code
    assert said in result.stderr
