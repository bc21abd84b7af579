"""A client of the REST API over fake stages, without a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.config import Deadlines, GatewaySettings, Limits
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import FakeDiarizer, FakeStt, FakeTranslator, FakeTts, ready_pipeline


@asynccontextmanager
async def rest_client(
    stt: FakeStt | None = None,
    translator: FakeTranslator | None = None,
    tts: FakeTts | None = None,
    *,
    speakers: FakeDiarizer | None = None,
    deadlines: Deadlines | None = None,
    **limits: Any,
) -> AsyncIterator[tuple[httpx.AsyncClient, Service]]:
    """A client and its service; ``limits`` are fields of ``Limits``."""
    settings = GatewaySettings(limits=Limits(**limits), deadlines=deadlines or Deadlines())
    pipeline = await ready_pipeline(stt, translator, tts, speakers=speakers)
    service = Service(pipeline, settings, decoders=shared_decoders())
    async with client_of(service) as client:
        yield client, service


def client_of(service: Service, *, server_answers_with_id: bool = False) -> httpx.AsyncClient:
    """A client of an app for ``service``. An exception that the app does not handle fails the test."""
    app = build_app(service, server_answers_with_id=server_answers_with_id)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def error_of(response: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and param of an error response, whose shape is checked."""
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message", "param"}
    assert body["error"]["message"]
    return response.status_code, body["error"]["code"], body["error"]["param"]
