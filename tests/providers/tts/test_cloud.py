"""Synthesis services, played by local servers: what each fault becomes, and when a request ends."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from sokuji.config import AzureSpeechConfig, ElevenLabsConfig
from sokuji.contract import AudioChunk, SynthesisRequest
from sokuji.errors import ConfigError, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers import azure
from sokuji.providers.tts.azure.provider import AzureSpeech
from sokuji.providers.tts.elevenlabs import provider as elevenlabs
from sokuji.providers.tts.elevenlabs.provider import ElevenLabs
from tests.support.cloud import azure_tts as azure_service
from tests.support.cloud import elevenlabs as elevenlabs_service
from tests.support.cloud.faults import PATIENT_S, cut, endless, every_fault, limit_s, status
from tests.support.cloud.server import KEY, Fault, Handler, Server, nobody, serve
from tests.support.cloud.sounds import spoken
from tests.support.knobs import Knobs

HELLO = SynthesisRequest(text="Good morning.", language="en")


@dataclass(frozen=True)
class Service:
    """A service and its provider."""

    provider: type[Any]
    config: type[Any]
    variable: str
    handler: Handler
    piece: int
    rate: int

    def new(self, url: str) -> Any:
        """A provider, not loaded."""
        return self.provider(self.config(base_url=url, timeout_s=PATIENT_S))

    @property
    def sound(self) -> bytes:
        """What it makes of ``HELLO``."""
        return spoken(HELLO.text, self.rate)


SERVICES = {
    "elevenlabs": Service(
        ElevenLabs,
        ElevenLabsConfig,
        elevenlabs.KEY,
        elevenlabs_service.service,
        elevenlabs_service.PIECE,
        22_050,
    ),
    "azure": Service(
        AzureSpeech, AzureSpeechConfig, azure.KEY, azure_service.service, azure_service.PIECE, 24_000
    ),
}


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    found = SERVICES[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(found.variable, KEY)
        yield found


@pytest.fixture(scope="module")
async def server(service: Service) -> AsyncIterator[Server]:
    async with serve(service.handler) as running:
        yield running


@pytest.fixture(scope="module")
async def provider(service: Service, server: Server) -> AsyncIterator[Any]:
    loaded = service.new(server.url)
    await loaded.load()
    yield loaded
    await loaded.aclose()


async def speak(provider: Any) -> list[AudioChunk]:
    return [chunk async for chunk in provider.synthesize(HELLO)]


def joined(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.pcm for chunk in chunks)


@every_fault
async def test_a_fault_has_its_error_and_the_next_request_is_answered(
    provider: Any,
    service: Service,
    server: Server,
    fault: Fault,
    error: type[SokujiError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail(fault)
    usual = provider.config
    provider.update(usual.model_copy(update={"timeout_s": limit_s(error)}))
    with pytest.raises(error) as caught:
        await speak(provider)
    provider.update(usual)
    assert type(caught.value) is error
    assert KEY not in f"{caught.value}{caplog.text}"
    assert "morning" not in f"{caught.value}{caplog.text}"
    assert joined(await speak(provider)) == service.sound


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            status(200, {"Content-Type": "application/json"}, b'{"detail": "sorry"}' * 100),
            "sent application/json",
        ),
        (status(200, {"Content-Type": "text/html"}, b"<html>" * 100), "sent text/html"),
        (status(200, {"Content-Type": "application/octet-stream"}, b""), "sent no sound"),
        (endless(), "more sound than"),
    ],
)
async def test_what_is_no_sound_of_the_text_is_refused(
    provider: Any, server: Server, fault: Fault, error: str
) -> None:
    server.fail(fault)
    with pytest.raises(ProviderFailed, match=error):
        await speak(provider)


async def test_a_stream_that_is_cut_in_the_middle_is_heard_as_far_as_it_came(
    provider: Any, service: Service, server: Server
) -> None:
    server.fail(cut(7))
    chunks = []
    with pytest.raises(ProviderUnavailable):
        async for chunk in provider.synthesize(HELLO):
            chunks.append(chunk)
    assert joined(chunks) == service.sound[: 7 * service.piece & ~1]
    assert not any(chunk.last for chunk in chunks)


async def test_a_stream_without_its_end_mark_is_not_taken_for_whole(provider: Any, server: Server) -> None:
    server.fail(cut())
    with pytest.raises(ProviderUnavailable):
        await speak(provider)


async def test_a_listener_who_leaves_ends_the_request(provider: Any, server: Server) -> None:
    server.fail(endless())
    async with aclosing(provider.synthesize(HELLO)) as chunks:
        assert not (await anext(chunks)).last
    await server.requests[-1].closed.wait()


@pytest.mark.knob("ELEVENLABS_API_KEY")
async def test_the_key_in_the_environment_is_what_elevenlabs_checks(
    monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    elevenlabs_here = SERVICES["elevenlabs"]
    async with serve(elevenlabs_here.handler) as server:
        monkeypatch.setenv(elevenlabs.KEY, KEY)
        provider = elevenlabs_here.new(server.url)
        await provider.load()
        knob.observe(elevenlabs.KEY, None, (await provider.describe()).provider)
        await provider.aclose()
        monkeypatch.setenv(elevenlabs.KEY, "wrong")
        provider = elevenlabs_here.new(server.url)
        with pytest.raises(ProviderFailed) as refusal:
            await provider.load()
        knob.observe(elevenlabs.KEY, None, refusal.value.message)
        await provider.aclose()


async def test_without_a_key_or_with_a_wrong_one_it_does_not_load(
    service: Service, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(service.variable, "wrong")
    provider = service.new(server.url)
    with pytest.raises(ProviderFailed, match=service.variable):
        await provider.load()
    await provider.aclose()
    monkeypatch.delenv(service.variable)
    with pytest.raises(ConfigError, match=service.variable):
        await service.new(server.url).load()


async def test_a_list_of_voices_that_cannot_be_read_is_a_failure(service: Service, server: Server) -> None:
    provider = service.new(server.url)
    bodies = (
        b"[]",
        b"{}",
        b'{"voices": [{}], "has_more": false}',
        b'{"voices": 5}',
        b'[{"ShortName": 1}]',
        b"<",
    )
    for body in bodies:
        server.fail(status(200, body=body))
        with pytest.raises(ProviderFailed, match="cannot be read"):
            await provider.load()
        await provider.aclose()


async def test_its_check_needs_the_service_and_a_loaded_provider(service: Service, provider: Any) -> None:
    await provider.check()
    away = service.new(await nobody())
    with pytest.raises(ProviderUnavailable, match="not loaded"):
        await away.check()
    await away.load()
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await away.check()
    await away.aclose()
