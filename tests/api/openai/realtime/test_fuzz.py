"""Random and mutated events: whatever a client sends, the door answers by the protocol and goes on."""

import asyncio
import base64
import copy
import gc
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NoReturn

import pytest

from sokuji.api.client_socket import ENDS_CONNECTION
from sokuji.api.openai.realtime.configuration import Configuration
from sokuji.api.openai.realtime.dialects import Beta
from sokuji.api.openai.realtime.items import Item
from sokuji.api.openai.realtime.realtime_session import RealtimeSession
from sokuji.api.openai.realtime.response_state import Response
from sokuji.api.openai.realtime.session_config import SessionConfig
from sokuji.api.openai.realtime.transport import RealtimeTransport
from sokuji.api.openai.realtime.user_audio import SpokenItem
from sokuji.api.service import Service
from sokuji.api.session_connection import ClientDisconnected, SessionConnection
from sokuji.config import GatewaySettings
from sokuji.errors import SokujiError
from tests.support.clients import anonymous
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.openai_types import check_beta_event, check_ga_event
from tests.support.speech import noise, sample

EVENTS = 10_000
AUDIO = [
    base64.b64encode(piece).decode()
    for piece in (sample("pt", "ola_mundo")[:9_600], noise(700, seed=1), b"", b"\x01", bytes(481))
]
JUNK: list[Any] = [
    None, True, False, 0, -1, 7, 2**70, 1e300, 0.5, "", "x", "\ud800", "auto", "x" * 600, [], {}, [[]],
    {"type": "server_vad"}, {"type": "audio/pcmu"}, "root", "pt", "Translate into Portuguese.",
]  # fmt: skip


def text_item(rng: random.Random) -> dict[str, Any]:
    role = rng.choice(["user", "user", "assistant", "system"])
    kind = {"assistant": "output_text"}.get(role, "input_text")
    return {"type": "message", "role": role, "content": [{"type": kind, "text": f"Bom dia {rng.random()}"}]}


def session(rng: random.Random) -> dict[str, Any]:
    detection = rng.choice(
        [None, {"type": "semantic_vad"}, {"type": "server_vad", "interrupt_response": rng.random() < 0.3,
         "idle_timeout_ms": 5_000, "create_response": rng.random() < 0.7}]
    )  # fmt: skip
    heard = rng.choice([None, {"model": "whisper-1", "delay": "low"}, {"language": "pt"}])
    formats = [{"type": "audio/pcm", "rate": 24_000}, {"type": "audio/pcma"}]
    return {
        "type": "realtime",
        "output_modalities": [rng.choice(["text", "audio"])],
        "instructions": rng.choice(["", "Speak Portuguese.", "Speak English."]),
        "audio": {
            "input": {"turn_detection": detection, "transcription": heard, "format": rng.choice(formats)},
            "output": {"voice": rng.choice(["alloy", "default"]), "format": rng.choice(formats)},
        },
    }


def valid_event(rng: random.Random, known_ids: list[str]) -> dict[str, Any]:
    item_id = rng.choice(known_ids) if known_ids and rng.random() < 0.8 else "item_x"
    kinds: list[tuple[float, Callable[[], dict[str, Any]]]] = [
        (8, lambda: {"type": "input_audio_buffer.append", "audio": rng.choice(AUDIO)}),
        (2, lambda: {"type": "input_audio_buffer.commit"}),
        (1, lambda: {"type": "input_audio_buffer.clear"}),
        (1, lambda: {"type": "output_audio_buffer.clear"}),
        (1, lambda: {"type": "session.update", "session": session(rng)}),
        (1, lambda: {"type": "conversation.item.create", "item": text_item(rng)}),
        (1, lambda: {"type": "conversation.item.delete", "item_id": item_id}),
        (1, lambda: {"type": "conversation.item.retrieve", "item_id": item_id}),
        (1, lambda: {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0,
                     "audio_end_ms": rng.randrange(300)}),
        (1, lambda: {"type": "response.create"}),
        (1, lambda: {"type": "response.create", "response": {"conversation": "none",
                     "input": [text_item(rng), {"type": "item_reference", "id": item_id}]}}),
        (1, lambda: {"type": "response.cancel"}),
    ]  # fmt: skip
    (make,) = rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])
    return make()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything within a value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def random_frame(rng: random.Random, known_ids: list[str]) -> str | bytes:
    event = valid_event(rng, known_ids)
    roll = rng.random()
    if roll < 0.3:
        for _ in range(rng.randrange(1, 4)):
            container, key = rng.choice(list(places(event)) or [(event, "type")])
            if rng.random() < 0.3 and isinstance(container, dict):
                container.pop(key, None)
            else:
                container[key] = copy.deepcopy(rng.choice(JUNK))
    text = json.dumps(event)
    if roll > 0.97:
        cut = rng.randrange(len(text))
        frames: list[str | bytes] = [
            text[:cut],
            text.encode(errors="surrogatepass"),
            text[:cut] + "\x00" + text[cut:],
            "[" * 5_000,
            "3",
        ]
        return rng.choice(frames)
    return text


class FuzzSocket:
    """Sends random frames, and checks whatever it is sent."""

    def __init__(self, seed: int, count: int, check: Callable[[dict[str, Any]], None]) -> None:
        self._rng = random.Random(seed)
        self._count = count
        self._check = check
        self._ids: list[str] = []
        self.handled = 0
        self.kinds: Counter[str] = Counter()

    async def handle_frame(
        self,
        handle: Callable[[str | bytes], None],
        report: Callable[[SokujiError], Awaitable[None]],
        *,
        may_be_idle: bool = False,
    ) -> None:
        """As that of ``ClientSocket``, without its bound on bad frames."""
        if self.handled == self._count:
            raise ClientDisconnected
        self.handled += 1
        # The session works in threads, which take their time.
        await asyncio.sleep(0 if self.handled % 40 else 0.03)
        try:
            handle(random_frame(self._rng, self._ids))
        except ENDS_CONNECTION:
            raise
        except SokujiError as error:
            await report(error)

    async def discard(self) -> NoReturn:
        """Stay connected."""
        await asyncio.Event().wait()
        raise ClientDisconnected

    async def send(self, frame: dict[str, Any]) -> None:
        """Check an event."""
        frame = json.loads(json.dumps(frame))
        self._check(frame)
        self.kinds[frame["type"]] += 1
        if "item" in frame:
            self._ids = [*self._ids[-20:], frame["item"]["id"]]

    async def close(self, code: int, reason: str = "") -> None:
        """The service has closed: nothing that a client sends may lead to that here."""
        raise AssertionError((code, reason, self.handled))


async def kept() -> int:
    """Objects of realtime sessions that stay alive: a thread that is still at work has some for a moment."""
    for _ in range(100):
        gc.collect()
        kinds = Item | SpokenItem | Response | RealtimeSession
        if not (alive := sum(isinstance(each, kinds) for each in gc.get_objects())):
            break
        await asyncio.sleep(0.1)
    return alive


@pytest.mark.slow
@pytest.mark.parametrize("beta", [False, True])
async def test_no_event_makes_the_door_fail_and_nothing_is_kept_of_it(beta: bool) -> None:
    stages = (FakeStt(), FakeTranslator(), FakeTts())
    service = Service(await ready_pipeline(*stages), GatewaySettings())
    before = asyncio.all_tasks()
    socket = FuzzSocket(1 + beta, EVENTS // 2, check_beta_event if beta else check_ga_event)
    transport = RealtimeTransport(
        socket,  # type: ignore[arg-type]
        lambda: Configuration(service, anonymous(), SessionConfig(type="realtime"), 0),
        Beta() if beta else None,
        list,
        60,
    )
    async with asyncio.timeout(120):
        await SessionConnection(transport, service, anonymous()).serve()
    assert socket.handled == EVENTS // 2
    assert asyncio.all_tasks() == before
    assert len(service.sessions) == 0
    del transport
    assert await kept() == 0
    assert socket.kinds["response.done"] > 10
    assert socket.kinds["input_audio_buffer.committed"] > 10
    assert 100 < socket.kinds["error"] < 0.7 * EVENTS
