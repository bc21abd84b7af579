"""Every answer has the id of its request, and what a request causes has it too."""

from typing import Any

import pytest

from sokuji.api.app import build_app
from sokuji.telemetry import call_ids
from sokuji.telemetry.call_ids import CallIds
from tests.support.asgi_socket import AsgiSocket
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import client_of, rest_client
from tests.support.speech import sample

TRANSLATE, MODELS, SOCKET = "/api/v1/translation/translate", "/v1/models", "/api/v1/ws/translate"
TEXT = {"text": "olá", "source_language": "pt", "target_language": "en"}
MINE = "mine.1:a-B_c"


@pytest.mark.parametrize(
    ("status", "request_of"),
    [
        (200, {"method": "POST", "url": TRANSLATE, "json": TEXT}),
        (200, {"method": "GET", "url": "/health"}),
        (400, {"method": "POST", "url": TRANSLATE, "content": b"{"}),
        (403, {"method": "GET", "url": MODELS, "headers": {"Host": "evil.example.com"}}),
        (404, {"method": "GET", "url": "/nowhere"}),
        (405, {"method": "DELETE", "url": TRANSLATE}),
        (413, {"method": "POST", "url": TRANSLATE, "json": TEXT | {"text": "x" * 20_000}}),
        (429, {"method": "GET", "url": MODELS}),
        (500, {"method": "POST", "url": TRANSLATE, "json": TEXT}),
    ],
)
@pytest.mark.parametrize("given", [MINE, None, "with space", "x" * 129, ""])
async def test_an_answer_of_any_status_has_one_id(
    status: int, request_of: dict[str, Any], given: str | None
) -> None:
    class Broken(FakeTranslator):
        async def translate(self, requests: object) -> Any:
            raise RuntimeError

    translator = Broken() if status == 500 else FakeTranslator()
    async with rest_client(translator=translator, max_json_bytes=1_024, requests_per_minute=1) as (client, _):
        if status == 429:
            await client.get(MODELS)
        headers = request_of.get("headers", {}) | ({} if given is None else {"X-Request-Id": given})
        response = await client.request(**{**request_of, "headers": headers})
    assert response.status_code == status
    (answered,) = response.headers.get_list("x-request-id")
    assert answered == MINE if given == MINE else len(answered) == 32


async def test_a_server_that_adds_the_header_itself_is_left_to_do_it() -> None:
    async with rest_client() as (_, service):
        app = build_app(service, server_answers_with_id=True)
        socket = AsgiSocket(app, SOCKET, headers={"X-Request-Id": MINE})
        assert (await socket.answer())[1] == {"x-request-id": MINE}
        await socket.leave()
        async with client_of(service, server_answers_with_id=True) as client:
            assert "x-request-id" not in (await client.get("/nowhere")).headers


async def test_a_handshake_is_answered_with_the_id_and_errors_have_it() -> None:
    async with rest_client() as (_, service):
        socket = AsgiSocket(build_app(service), SOCKET, headers={"X-Request-Id": MINE})
        assert await socket.answer() == ("websocket.accept", {"x-request-id": MINE})
        socket.send({"type": "nonsense"})
        assert (await socket.until("error"))["request_id"] == MINE
        await socket.leave()
        page = {"Origin": "https://evil.example.com", "Host": "127.0.0.1", "X-Request-Id": MINE}
        refused = AsgiSocket(build_app(service), SOCKET, headers=page)
        kind, headers = await refused.answer()
        assert (kind, headers["x-request-id"]) == ("websocket.http.response.start", MINE)


async def test_the_stages_get_the_ids_of_a_request() -> None:
    translator, tts = FakeTranslator(), FakeTts()
    async with rest_client(translator=translator, tts=tts) as (client, _):
        body = TEXT | {"voice_id": "joe"}
        path = "/api/v1/pipeline/translate-text"
        response = await client.post(path, json=body, headers={"X-Request-Id": MINE})
        assert response.is_success, response.text
        await client.post(TRANSLATE, json=TEXT)
    assert translator.requests[0].ids == tts.requests[0].ids == CallIds(request_id=MINE)
    assert translator.requests[1].ids.request_id not in (None, MINE)
    assert call_ids.current() == CallIds()


async def test_the_stages_get_the_ids_of_a_session_and_of_each_segment() -> None:
    stt, translator, tts = FakeStt("um", "um", "um", "um"), FakeTranslator(), FakeTts()
    async with rest_client(stt, translator, tts) as (_, service):
        socket = AsgiSocket(build_app(service), SOCKET, headers={"X-Request-Id": MINE})
        await socket.answer()
        socket.send({"type": "config", "source_language": "pt", "target_language": "en"})
        session_id = (await socket.until("ready"))["session_id"]
        for _ in range(2):
            socket.send(sample("pt", "contagem"))
            socket.send({"type": "flush"})
        socket.send({"type": "end"})
        await socket.until("done")
        await socket.leave()
    requests = [*stt.requests, *translator.requests, *tts.requests]
    segments = {(request.ids.request_id, request.ids.session_id) for request in requests}
    assert segments == {(MINE, session_id)}
    for stage in (stt.requests, translator.requests, tts.requests):
        ids = [request.ids.segment_id or 0 for request in stage]
        assert len(set(ids)) >= 2
        assert ids == sorted(ids)
