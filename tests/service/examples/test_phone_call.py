"""The interpreter on the telephone, with a scripted Twilio that speaks real sentences in G.711."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import websockets

from sokuji.audio import g711
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.audio.resampling import resample
from tests.clients.checks import check_meaning, check_pcm
from tests.service.conftest import free_port
from tests.service.examples.conftest import ENGLISH, EXAMPLES, PORTUGUESE, PROJECT, SENTENCE, until
from tests.support.programs import server
from tests.support.speech import silence
from tests.support.text_similarity import word_error_rate

STREAM = "MZ18ad3ab5a668481ce02b83e7395059f0"
FRAME_BYTES, FRAMES_A_SECOND = 160, 50
"""20 ms, as Twilio sends them."""


class Twilio:
    """Twilio's end of a bidirectional media stream: what is said goes out, what is played is kept."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.sequence = 0
        self.chunk = 0
        self.heard = b""
        """What has been played, in mu-law."""
        self.played: list[str] = []
        """The marks behind it."""
        self.cleared = 0

    async def send(self, event: str, **content: Any) -> None:
        """Send one message of the stream."""
        self.sequence += 1
        message = {"event": event, "sequenceNumber": str(self.sequence), "streamSid": STREAM, **content}
        await self.socket.send(json.dumps(message))

    async def connect(self) -> None:
        """Say what the call is."""
        await self.socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"accountSid": "AC0", "callSid": "CA0", "streamSid": STREAM, "tracks": ["inbound"]}
        await self.send("start", start={**start, "mediaFormat": media, "customParameters": {}})

    async def say(self, pcm: bytes, pace: float = 8) -> None:
        """Send 16 kHz PCM, faster than it is spoken, so that no time is lost."""
        encoded = g711.encode(resample(pcm, RECOGNISER_RATE, g711.G711_RATE), "mulaw")
        for start in range(0, len(encoded) // FRAME_BYTES * FRAME_BYTES, FRAME_BYTES):
            payload = base64.b64encode(encoded[start : start + FRAME_BYTES]).decode()
            self.chunk += 1
            timestamp = str(self.chunk * 20)
            media = {"track": "inbound", "chunk": str(self.chunk), "timestamp": timestamp, "payload": payload}
            await self.send("media", media=media)
            await asyncio.sleep(1 / FRAMES_A_SECOND / pace)

    async def listen(self) -> None:
        """Play what comes, and send the marks back."""
        async for text in self.socket:
            message = json.loads(text)
            assert message["streamSid"] == STREAM
            match message:
                case {"event": "media", "media": {"payload": payload}}:
                    self.heard += base64.b64decode(payload, validate=True)
                case {"event": "mark", "mark": {"name": name}}:
                    self.played.append(name)
                    await self.send("mark", mark={"name": name})
                case {"event": "clear"}:
                    self.cleared += 1
                case _:
                    raise AssertionError(message)


@asynccontextmanager
async def call(port: int) -> AsyncIterator[Twilio]:
    """A call that has been connected; it is hung up when the block ends."""
    async with websockets.connect(f"ws://127.0.0.1:{port}") as socket, asyncio.TaskGroup() as tasks:
        twilio = Twilio(socket)
        tasks.create_task(twilio.listen())
        await twilio.connect()
        yield twilio
        await twilio.send("stop", stop={"accountSid": "AC0", "callSid": "CA0"})
        await socket.close()


async def test_two_people_on_one_line_hear_each_other_in_g711(
    http: httpx.AsyncClient, address: str, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    options = ("--languages", "pt", "en", "--port", str(port), "--url", f"http://{address}")
    command = (sys.executable, str(EXAMPLES / "phone_call.py"), *options)
    async with server(*command, cwd=EXAMPLES, variables=PROJECT, port=port, log=log):
        async with call(port) as twilio:  # It is hung up in the middle of a sentence.
            await twilio.say(PORTUGUESE[: len(PORTUGUESE) // 2])
        await until(lambda: "the call is over" in log.read_text())
        begun = len(log.read_text())
        async with call(port) as twilio:
            await twilio.say(PORTUGUESE + silence(1_500))
            await until(lambda: len(twilio.played) == 1)
            english = twilio.heard
            await twilio.say(ENGLISH + silence(1_500))
            await until(lambda: len(twilio.played) == 2)
            portuguese = twilio.heard[len(english) :]
            await twilio.send("dtmf", dtmf={"track": "inbound_track", "digit": "*"})
            await until(lambda: twilio.cleared)
            await until(lambda: log.read_text().count("heard: ") == 2)
    lines = [line for line in log.read_text()[begun:].splitlines() if not line.startswith("heard: ")]
    assert lines[0].startswith("pt: ")
    check_meaning(lines[1].removeprefix("    -> en: "))
    assert lines[2].startswith("en: ")
    assert lines[3].startswith("    -> pt: ")
    await check_pcm(
        http, lines[1].removeprefix("    -> en: "), g711.decode(english, "mulaw"), rate=g711.G711_RATE
    )
    recording = wav_bytes(g711.decode(portuguese, "mulaw"), g711.G711_RATE)
    form = {"language": "auto", "source_languages": "pt,en"}
    answer = await http.post("/api/v1/stt/transcribe", files={"audio_file": recording}, data=form)
    assert answer.json()["language"] == "pt", answer.text
    assert word_error_rate(SENTENCE["pt"], answer.json()["text"], "pt") < 0.5
    assert word_error_rate(SENTENCE["pt"], lines[3].removeprefix("    -> pt: "), "pt") < 0.5
