"""A file that is pushed as fast as the network takes it, through a real server and its flow control."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from sokuji.config import GatewaySettings, Limits
from tests.support.api_server import serve_api
from tests.support.fake_stages import FakeStt
from tests.support.speech import noise, sample, silence

UTTERANCE = sample("pt", "ola_mundo") + noise(1_000)
COUNT = 70
"""Utterances of 2 s: more audio than ``max_backlog_s`` (120 s), and than ``max_waiting_bytes`` below."""
LIMITS = GatewaySettings(limits=Limits(max_waiting_bytes=2**20))


async def push(socket: ClientConnection, size: int) -> None:
    pcm = silence(300) + COUNT * UTTERANCE
    for start in range(0, len(pcm), size):
        await socket.send(pcm[start : start + size])
    await socket.send(json.dumps({"type": "end"}))


async def received(socket: ClientConnection) -> list[dict[str, Any]]:
    """Every event up to the close."""
    return [json.loads(message) async for message in socket]


async def translate_file(
    url: str, size: int, *, reads_meanwhile: bool
) -> tuple[list[dict[str, Any]], int | None]:
    """The events, and the close code."""
    async with connect(url.replace("http", "ws") + "/api/v1/ws/translate", max_queue=None) as socket:
        config = {"type": "config", "target_language": "en", "output": "captions"}
        await socket.send(json.dumps(config))
        if reads_meanwhile:
            _, events = await asyncio.gather(push(socket, size), received(socket))
        else:
            await push(socket, size)
            events = await received(socket)
        return events, socket.close_code


@pytest.mark.slow
@pytest.mark.parametrize("size", [1_021, 2**18])
@pytest.mark.parametrize("reads_meanwhile", [True, False])
def test_a_pushed_file_is_transcribed_to_its_end(size: int, reads_meanwhile: bool) -> None:
    with serve_api(FakeStt(delay_s=0.01), settings=LIMITS) as url:
        events, code = asyncio.run(translate_file(url, size, reads_meanwhile=reads_meanwhile))
    finals = [each["text"] for each in events if each["type"] == "transcription"]
    assert finals == [f"utterance {number}" for number in range(1, COUNT + 1)]
    assert not [each for each in events if each["type"] == "error"]
    assert (events[-1]["type"], code) == ("done", 1000)
