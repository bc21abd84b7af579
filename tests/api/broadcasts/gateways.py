"""Gateways of one service in one process, which share a hub, and the clients of a broadcast."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from sokuji.api.app import build_app
from sokuji.api.credentials import Credentials
from sokuji.api.service import Service
from sokuji.broadcast.hub import Hub
from sokuji.config import GatewaySettings
from sokuji.protocol import LISTEN_PATH, SOCKET_PATH
from tests.support.asgi_socket import AsgiSocket
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline
from tests.support.session_scenarios import EchoTranslator
from tests.support.speech import sample, silence

SIGNING_KEY = bytes(32)
UTTERANCE = sample("pt", "ola_mundo") + silence(1_000)


class Gateways:
    """Two gateways, and what their stages were asked."""

    def __init__(self, settings: GatewaySettings, hub: Hub) -> None:
        self.settings = settings
        self.hub = hub
        self.stt, self.translator, self.tts = FakeStt(), EchoTranslator(), FakeTts()
        self.services: list[Service] = []
        self.apps: list[FastAPI] = []

    async def add(self) -> None:
        """Start one more."""
        pipeline = await ready_pipeline(self.stt, self.translator, self.tts)
        service = Service(
            pipeline, self.settings, Credentials(SIGNING_KEY), decoders=shared_decoders(), hub=self.hub
        )
        self.services.append(service)
        self.apps.append(build_app(service))

    async def speaker(self, gateway: int = 0, **config: Any) -> tuple[AsgiSocket, dict[str, Any]]:
        """A speaker of Portuguese to English, and the ``ready`` event."""
        socket = AsgiSocket(self.apps[gateway], SOCKET_PATH)
        settings = {"source_language": "pt", "target_language": "en", "broadcast": True, **config}
        socket.send({"type": "config", **settings})
        return socket, await socket.until("ready")

    async def listener(self, broadcast: str, language: str, gateway: int = 1, **fields: Any) -> AsgiSocket:
        """Somebody who has joined."""
        socket = self.connect(broadcast, language, gateway, **fields)
        await socket.until("joined")
        return socket

    def connect(
        self, broadcast: str, language: str, gateway: int = 1, max_unread: int = 0, **fields: Any
    ) -> AsgiSocket:
        """Somebody who wants to listen."""
        socket = AsgiSocket(self.apps[gateway], LISTEN_PATH, max_unread=max_unread)
        socket.send({"type": "listen", "broadcast": broadcast, "language": language, **fields})
        return socket


@asynccontextmanager
async def two_gateways(settings: GatewaySettings | None = None) -> AsyncIterator[Gateways]:
    """Two of them; afterwards nobody listens and nothing is followed."""
    gateways = Gateways(settings or GatewaySettings(), Hub())
    for _ in range(2):
        await gateways.add()
    yield gateways
    for service in gateways.services:
        assert service.relay.seats == []
        assert service.relay.broadcasts == 0


def say(socket: AsgiSocket, times: int = 1) -> None:
    """Speak some utterances."""
    for _ in range(times):
        for start in range(0, len(UTTERANCE), 3_200):
            socket.send(UTTERANCE[start : start + 3_200])


def of(frames: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The frames of one type."""
    return [frame for frame in frames if frame["type"] == kind]
