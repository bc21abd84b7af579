"""On a real service: a call is found by its id in the logs of every process, and it is one trace."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.service.conftest import RunningService
from tests.support.otlp_receiver import attributes

REQUEST = "look.for-me:1"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"X-Request-Id": REQUEST, "traceparent": f"00-{TRACE}-{PARENT}-01"}
WRITTEN = "Vamos pela Quetzalcoatl."


async def until(found: Any) -> Any:
    """Wait until a callable returns something."""
    async with asyncio.timeout(30):
        while not (result := found()):
            await asyncio.sleep(0.2)
        return result


def records(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records in the files of a deployment's replicas; every line is a JSON object."""
    files = folder.glob(f"replica_sokuji_{name}_*.log")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


async def test_a_call_is_found_in_logs_and_traces_by_its_ids(
    service: RunningService, http: httpx.AsyncClient
) -> None:
    body = {"text": WRITTEN, "source_language": "pt", "target_language": "en"}
    answer = await http.post("/api/v1/pipeline/translate-text", json=body, headers=HEADERS)
    assert answer.headers.get_list("x-request-id") == [REQUEST]
    # Nobody has a voice for it: a failure in the middle of a call is logged by the gateway.
    refused = await http.post("/api/v1/tts/synthesize", json={"text": "a", "language": "xx"}, headers=HEADERS)
    assert refused.headers.get_list("x-request-id") == [REQUEST]
    missing = await http.get("/nowhere", headers=HEADERS)
    assert (missing.status_code, missing.headers.get_list("x-request-id")) == (404, [REQUEST])

    def spans() -> dict[bytes, Any]:
        return {span.span_id: span for span in service.traces.spans if span.trace_id.hex() == TRACE}

    def chain() -> list[Any]:
        """The span of the translation and those above it, when all of them have been sent."""
        found = spans()
        above = [span for span in found.values() if span.name == "translation bergamot"]
        while above and above[-1].parent_span_id in found:
            above.append(found[above[-1].parent_span_id])
        return above if above and above[-1].parent_span_id.hex() == PARENT else []

    # Every process sends its own when it likes.
    names = {"translation bergamot", "tts piper", "replica_handle_request Translation translate"}
    await until(lambda: names <= {span.name for span in spans().values()})
    translation, *above = await until(chain)
    assert above[-1].name.startswith("proxy_http_request")
    assert attributes(translation)["sokuji.request_id"] == REQUEST
    assert {"sokuji.queue_wait_s", "sokuji.batch_size"} <= attributes(translation).keys()
    assert not [body for body in service.traces.bodies if b"Quetzalcoatl" in body]


async def test_a_session_is_found_in_the_log_by_its_ids_and_no_word_is(
    service: RunningService, socket_url: str
) -> None:
    async with websockets.connect(socket_url, additional_headers=HEADERS) as socket:
        assert socket.response is not None
        assert socket.response.headers.get_all("X-Request-Id") == [REQUEST]
        await socket.send(json.dumps({"type": "config", "target_language": "en"}))
        session_id = json.loads(await socket.recv())["session_id"]
        await socket.send(json.dumps({"type": "end"}))
        assert json.loads([message async for message in socket][-1])["type"] == "done"

    def closed() -> list[dict[str, Any]]:
        lines = records(service.logs, "Gateway")
        return [line for line in lines if line["message"] == f"session {session_id} closed"]

    (record,) = await until(closed)
    assert (record["request_id"], record["session_id"]) == (REQUEST, session_id)
    assert {"asctime", "levelname", "deployment", "replica", "application", "route"} <= record.keys()
    assert "Quetzalcoatl" not in "".join(file.read_text() for file in service.logs.glob("*"))
