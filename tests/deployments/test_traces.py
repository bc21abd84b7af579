"""Traces as Ray Serve exports them in a replica: from the request to the provider, by OTLP over a socket."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.util._once import Once
from ray.serve._private import tracing_utils
from ray.serve._private.common import ServeComponentType
from ray.serve._private.tracing_utils import TraceContextManager, extract_propagated_context, setup_tracing
from ray.serve.schema import TracingConfig

from sokuji.api.app import build_app
from sokuji.config.cloud import CloudSettings
from sokuji.errors import ProviderFailed
from sokuji.providers.cloud import CloudClient
from sokuji.telemetry.call_ids import CallIds, bound
from tests.support.asgi_socket import AsgiSocket
from tests.support.cloud.server import Request, Response, reply, serve
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.otlp_receiver import Receiver, attributes, otlp_receiver
from tests.support.rest_client import rest_client
from tests.support.speech import sample

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
WORDS = "quetzalcoatl"
PATH = "/api/v1/pipeline/translate-text"
BODY = {"text": WORDS, "source_language": "pt", "target_language": "en", "voice_id": "joe"}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """What the spans of this process are sent to, through the exporter that the documents name."""
    for module, name, value in (
        (trace, "_TRACER_PROVIDER", None),
        (trace, "_TRACER_PROVIDER_SET_ONCE", Once()),
        (tracing_utils, "_tracing_enabled", False),
        (tracing_utils, "_tracer", None),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "")
    monkeypatch.delenv("OTEL_SERVICE_NAME")
    with otlp_receiver() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.endpoint)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        config = TracingConfig(enabled=True, exporter_import_path="deployments.traces:otlp", sampling_ratio=1)
        assert setup_tracing("Gateway", "one", ServeComponentType.REPLICA, config)
        yield running
        sent()
        provider().shutdown()


def provider() -> TracerProvider:
    found = trace.get_tracer_provider()
    assert isinstance(found, TracerProvider)
    return found


def sent() -> None:
    """Return when all spans that have ended have been received."""
    assert provider().force_flush()


def request_span(traceparent: str) -> AbstractContextManager[object]:
    """What Serve does in a replica around a request that came with this header."""
    context = extract_propagated_context({"traceparent": traceparent})
    return TraceContextManager("replica_handle_request Gateway __call__", trace_context=context)


async def test_a_rest_call_is_one_trace_whose_spans_name_provider_pair_and_ids(receiver: Receiver) -> None:
    async with rest_client() as (client, _):
        with request_span(SAMPLED):
            response = await client.post(PATH, json=BODY, headers={"X-Request-Id": "r1"})
    assert response.is_success
    sent()
    assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    (request,) = receiver.named("replica_handle_request Gateway __call__")
    assert request.parent_span_id.hex() == PARENT
    (translation,), (tts,) = receiver.named("translation fake"), receiver.named("tts fake")
    assert translation.parent_span_id == tts.parent_span_id == request.span_id
    assert attributes(translation) == {
        "sokuji.request_id": "r1",
        "sokuji.stage": "translation",
        "sokuji.provider": "fake",
        "sokuji.model": "mind",
        "sokuji.source_language": "pt",
        "sokuji.target_language": "en",
        "sokuji.texts": 1,
    }
    assert attributes(tts)["sokuji.voice"] == "joe"
    (resource,) = {str(each.resource) for export in receiver.exports for each in export.resource_spans}
    assert '"sokuji-bridge"' in resource


async def test_a_conversation_is_one_trace_with_its_segments_and_no_words(receiver: Receiver) -> None:
    async with rest_client(FakeStt(*[WORDS] * 9), FakeTranslator(*[WORDS] * 9), FakeTts()) as (_, service):
        with request_span(SAMPLED):
            socket = AsgiSocket(build_app(service), "/api/v1/ws/translate")
        socket.send({"type": "config", "source_language": "pt", "target_language": "en"})
        session_id = (await socket.until("ready"))["session_id"]
        socket.send(sample("pt", "contagem"))
        socket.send({"type": "end"})
        await socket.until("done")
        await socket.leave()
    sent()
    stages = [span for span in receiver.spans if span.name in ("stt fake", "translation fake", "tts fake")]
    assert {span.name for span in stages} == {"stt fake", "translation fake", "tts fake"}
    assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    for span in stages:
        found = attributes(span)
        assert found["sokuji.session_id"] == session_id
        assert isinstance(found["sokuji.segment_id"], int)
    assert not [body for body in receiver.bodies if WORDS.encode() in body]


async def test_a_failure_is_marked_by_its_code_alone(receiver: Receiver) -> None:
    async with rest_client(translator=FakeTranslator(ProviderFailed(f"no {WORDS}"))) as (client, _):
        with request_span(SAMPLED):
            assert (await client.post(PATH, json=BODY)).status_code == 502
    sent()
    (failed,) = receiver.named("translation fake")
    assert attributes(failed)["error.type"] == "provider_failed"
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert (failed.status.message, list(failed.events)) == ("", [])


async def test_what_serve_writes_of_an_exception_leaves_without_its_message(receiver: Receiver) -> None:
    with request_span(SAMPLED):
        try:
            raise ValueError(f"cannot tokenise {WORDS}")
        except ValueError as error:
            tracing_utils.set_span_exception(error)
            tracing_utils.set_trace_status(is_error=True, description=str(error))
    sent()
    (span,) = receiver.spans
    assert span.status.code == span.status.STATUS_CODE_ERROR
    (event,) = span.events
    assert [(each.key, each.value.string_value) for each in event.attributes] == [
        ("exception.type", "ValueError"),
        ("exception.escaped", "False"),
    ]
    assert not [body for body in receiver.bodies if WORDS.encode() in body]


async def test_what_is_not_sampled_makes_no_spans(receiver: Receiver) -> None:
    async with rest_client() as (client, _):
        with request_span(NOT_SAMPLED):
            assert (await client.post(PATH, json=BODY)).is_success
        assert (await client.post(PATH, json=BODY)).is_success
    sent()
    assert receiver.spans == []


@pytest.mark.parametrize("call", [CloudClient.send, CloudClient.stream], ids=["whole", "streamed"])
async def test_a_service_gets_the_id_of_the_request_and_its_trace(
    receiver: Receiver, call: Callable[..., object]
) -> None:
    async def service(request: Request) -> Response:
        return reply({"asked": request.path})

    async with serve(service) as server:
        client = CloudClient("test", CloudSettings(base_url=server.url), {}, "TEST_KEY")
        try:
            with request_span(SAMPLED), bound(CallIds(request_id="r1")):
                if call is CloudClient.send:
                    await client.send("GET", "/a")
                else:
                    assert [piece async for piece in client.stream("GET", "/a")]
        finally:
            await client.aclose()
        headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert headers["x-request-id"] == "r1"
    sent()
    (called,) = receiver.named("GET test")
    assert headers["traceparent"] == f"00-{TRACE}-{called.span_id.hex()}-01"
    expected = {"sokuji.service": "test", "sokuji.status": 200, "sokuji.request_id": "r1"}
    assert attributes(called) == expected
    (request,) = receiver.named("replica_handle_request Gateway __call__")
    assert called.parent_span_id == request.span_id


async def test_what_a_service_is_asked_for_nobody_has_no_id(receiver: Receiver) -> None:
    async def service(request: Request) -> Response:
        return reply({"asked": request.path})

    async with serve(service) as server:
        client = CloudClient("test", CloudSettings(base_url=server.url), {}, "TEST_KEY")
        await client.send("GET", "/a")
        await client.aclose()
        assert not {"x-request-id", "traceparent"} & {name.lower() for name in server.requests[0].headers}
