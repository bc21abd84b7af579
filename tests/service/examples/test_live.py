"""The examples that hear somebody speak: a microphone, captions in OBS, Home Assistant."""

import asyncio
import base64
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgpack
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from tests.clients.checks import check_meaning, check_pcm
from tests.service.conftest import free_port
from tests.service.examples.conftest import EXAMPLES, PORTUGUESE, PROJECT, ROOT, Run
from tests.support.programs import finished, server
from tests.support.speech import silence

SCRIPTED = Path(__file__).parent / "scripted"
DEVICES = {"PYTHONPATH": f"{SCRIPTED}:{ROOT}"}


async def test_a_microphone_is_interpreted_until_its_user_presses_ctrl_c(
    http: httpx.AsyncClient, run: Run, recording: Path, tmp_path: Path
) -> None:
    loudspeaker = tmp_path / "loudspeaker"
    devices = {"SCRIPTED_MICROPHONE": str(recording), "SCRIPTED_LOUDSPEAKER": str(loudspeaker)}
    done = await run("microphone.py", "--from", "pt", "--to", "en", **DEVICES, **devices)
    said, meant = done.output.strip().splitlines()
    assert "raposa" in said
    check_meaning(meant)
    await check_pcm(http, meant.removeprefix("    -> "), loudspeaker.read_bytes())


async def test_without_portaudio_and_without_the_device_the_user_is_told_so(
    address: str, recording: Path
) -> None:
    command = (sys.executable, str(EXAMPLES / "microphone.py"), "--url", f"http://{address}")
    done = await finished(*command, cwd=EXAMPLES, variables=PROJECT | DEVICES)
    assert (done.code, done.complaints.count("\n")) == (1, 1)
    assert "apt install libportaudio2" in done.complaints
    devices = DEVICES | {"SCRIPTED_MICROPHONE": str(recording)}
    done = await finished(*command, "--input", "Headset", cwd=EXAMPLES, variables=devices)
    assert (done.code, done.complaints) == (1, "error: No device matching 'Headset'\n")


class Obs:
    """OBS's WebSocket server, as obs-websocket 5 documents it, in msgpack; it has one text source."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.shown: list[str] = []

    async def serve(self, socket: ServerConnection) -> None:
        """Serve one client; one with a wrong password is closed with 4009."""
        challenge, salt = "challenge", "salt"
        hello = {"obsWebSocketVersion": "5.6.3", "rpcVersion": 1}
        await self._send(socket, 0, {**hello, "authentication": {"challenge": challenge, "salt": salt}})
        identify = msgpack.unpackb(await socket.recv())
        assert identify["op"] == 1
        if identify["d"]["authentication"] != _hashed(_hashed(self.password + salt) + challenge):
            await socket.close(4009, "Authentication failed.")
            return
        await self._send(socket, 2, {"negotiatedRpcVersion": 1})
        async for message in socket:
            request = msgpack.unpackb(message)
            assert request["op"] == 6
            await self._send(socket, 7, self._answer(request["d"]))

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["requestType"] == "SetInputSettings"
        asked = request["requestData"]
        status: dict[str, Any] = {"result": True, "code": 100}
        if asked["inputName"] == "Captions":
            assert asked["overlay"] is True
            self.shown.append(asked["inputSettings"]["text"])
        else:
            comment = f"No source was found by the name of `{asked['inputName']}`."
            status = {"result": False, "code": 600, "comment": comment}
        return {**{name: request[name] for name in ("requestType", "requestId")}, "requestStatus": status}

    async def _send(self, socket: ServerConnection, op: int, data: dict[str, Any]) -> None:
        await socket.send(msgpack.packb({"op": op, "d": data}))


def _hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@asynccontextmanager
async def obs_studio() -> AsyncIterator[tuple[Obs, str]]:
    """OBS, and the address of its WebSocket server."""
    obs = Obs("secret of OBS")
    subprotocols = [Subprotocol("obswebsocket.msgpack")]
    async with serve(obs.serve, "127.0.0.1", 0, subprotocols=subprotocols) as listening:
        (port,) = {socket.getsockname()[1] for socket in listening.sockets}
        yield obs, f"ws://127.0.0.1:{port}"


async def test_obs_shows_the_last_translations_and_nothing_at_the_end(run: Run) -> None:
    speech = (PORTUGUESE + silence(1_200)) * 3
    async with obs_studio() as (obs, url):
        options = ("--from", "pt", "--to", "en", "--lines", "2", "--obs-url", url)
        done = await run("obs_captions.py", *options, given=speech, OBS_PASSWORD=obs.password)
    captions = done.output.strip().splitlines()
    assert len(captions) == 3
    for caption in captions:
        check_meaning(caption)
    assert obs.shown == [
        captions[0], "\n".join(captions[:2]), "\n".join(captions[1:]), "",
    ]  # fmt: skip


async def test_obs_with_another_password_or_without_the_source_is_reported(address: str) -> None:
    async with obs_studio() as (obs, url):
        command = (sys.executable, str(EXAMPLES / "obs_captions.py"), "--url", f"http://{address}")
        wrong = PROJECT | {"OBS_PASSWORD": "another"}
        done = await finished(*command, "--obs-url", url, cwd=EXAMPLES, variables=wrong)
        assert (done.code, done.complaints) == (1, "error: OBS did not accept the password in OBS_PASSWORD\n")
        right = PROJECT | {"OBS_PASSWORD": obs.password}
        options = ("--obs-url", url, "--source-name", "Titles")
        done = await finished(
            *command, *options, cwd=EXAMPLES, variables=right, given=PORTUGUESE + silence(1_200)
        )
        assert done.code == 1
        assert "No source was found by the name of `Titles`" in done.complaints


async def asked(port: int, *events: Event) -> Event:
    """What a Wyoming server answers, as Home Assistant asks it: in a connection for each question."""
    async with asyncio.timeout(60), AsyncTcpClient("127.0.0.1", port) as client:
        for event in events:
            await client.write_event(event)
        answer: Event | None = await client.read_event()
        assert answer is not None
        return answer


def command_of(pcm: bytes, rate: int) -> list[Event]:
    """A spoken command as Home Assistant sends it."""
    form = {"rate": rate, "width": 2, "channels": 1}
    size = rate // 10 * 2
    chunks = [pcm[start : start + size] for start in range(0, len(pcm), size)]
    return [
        Transcribe(language="en").event(),
        AudioStart(**form).event(),
        *(AudioChunk(audio=chunk, **form).event() for chunk in chunks),
        AudioStop().event(),
    ]


async def test_home_assistant_gets_what_was_said_in_its_own_language(address: str, tmp_path: Path) -> None:
    port = free_port()
    options = ("--from", "pt", "--to", "en", "--port", str(port), "--url", f"http://{address}")
    command = (sys.executable, str(EXAMPLES / "home_assistant.py"), *options)
    async with server(*command, cwd=EXAMPLES, variables=PROJECT, port=port, log=tmp_path / "log"):
        (program,) = Info.from_event(await asked(port, Describe().event())).asr
        assert [model.languages for model in program.models] == [["en"]]
        for rate in (RECOGNISER_RATE, 48_000):
            spoken = command_of(resample(PORTUGUESE, RECOGNISER_RATE, rate), rate)
            answer = await asked(port, *spoken)
            assert Transcript.is_type(answer.type), answer
            check_meaning(Transcript.from_event(answer).text)


async def test_home_assistant_is_told_of_an_error(tmp_path: Path) -> None:
    port, nobody = free_port(), free_port()
    options = ("--port", str(port), "--url", f"http://127.0.0.1:{nobody}")
    command = (sys.executable, str(EXAMPLES / "home_assistant.py"), *options)
    async with server(*command, cwd=EXAMPLES, variables=PROJECT, port=port, log=tmp_path / "log"):
        answer = await asked(port, *command_of(silence(500), RECOGNISER_RATE))
        assert Error.is_type(answer.type)
        assert "no service answers" in Error.from_event(answer).text
