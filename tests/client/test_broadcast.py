"""The SDK listens to a broadcast: over a real server, and over one that follows a script."""

import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from sokuji import events
from sokuji.client import Config, ConnectionLost, connect, listen
from sokuji.client.broadcast import split_link
from sokuji.errors import InvalidRequest, SokujiError, TooSlow, UnknownBroadcast, UnsupportedLanguage
from tests.broadcast.events import caption, translation
from tests.support.openai_api import openai_api
from tests.support.scripted_server import plain_service, receive_message
from tests.support.speech import sample, silence

ID = "b" * 22
LINK = f"http://example.test/listen?session={ID}"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (LINK, "http://example.test"),
        (f"https://example.test:8000/sokuji/listen?session={ID}", "https://example.test:8000/sokuji"),
        (f"http://example.test/overlay?session={ID}&language=pt", "http://example.test"),
        (f"ws://example.test?session={ID}", "ws://example.test"),
    ],
)
def test_a_link_names_the_service_and_the_broadcast(link: str, url: str) -> None:
    assert split_link(link) == (url, ID)


@pytest.mark.parametrize("link", ["http://example.test", "http://example.test/listen?session=", ""])
async def test_a_link_without_a_session_is_refused(link: str) -> None:
    with pytest.raises(InvalidRequest, match="session"):
        async with listen(link, language="en"):
            pass


async def test_a_listener_hears_what_the_speaker_gets() -> None:
    async with openai_api() as base_url:
        url = base_url.removesuffix("/v1")
        config = Config(source_language="pt", target_language="en", broadcast=True)
        async with connect(url, config) as speaker:
            link = f"{url}/listen?session={speaker.ready.broadcast}"
            with pytest.raises(UnsupportedLanguage):
                async with listen(link, language="ja"):
                    pass
            async with listen(link, language="en-GB") as broadcast:
                assert broadcast.joined == events.Joined(
                    language="en", voice=True, source_language="pt", state="live"
                )
                await speaker.send(sample("pt", "ola_mundo") + silence(1_000))
                await speaker.end()
                spoken = [event async for event in speaker]
                heard = [event async for event in broadcast]
        kinds = events.Transcription | events.TranslationText | events.Audio
        assert [each for each in heard if isinstance(each, kinds)] == [
            each for each in spoken if isinstance(each, kinds)
        ]
        assert heard[-1] == events.Done()
        with pytest.raises(UnknownBroadcast):
            async with listen(f"{url}/listen?session={ID}", language="en"):
                pass


JOINED: dict[str, Any] = {
    "type": "joined",
    "language": "en",
    "voice": False,
    "source_language": "pt",
    "state": "live",
}


async def send(socket: ServerConnection, kind: str, number: int | None = None, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields, **({"event": number} if number else {})}))


def frame(event: events.Transcription | events.TranslationText) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}


async def test_a_connection_that_is_lost_goes_on_behind_the_last_event() -> None:
    asked: list[dict[str, Any]] = []

    async def script(socket: ServerConnection) -> None:
        asked.append(await receive_message(socket))
        await send(socket, "joined", **{name: each for name, each in JOINED.items() if name != "type"})
        if len(asked) == 1:
            await send(socket, "transcription", 7, **frame(caption(0)))
            await send(socket, "news", of="a type that is not known")
            await socket.close(1012)
        else:
            await send(socket, "translation", 8, **frame(translation(0)))
            await send(socket, "broadcast", state="ended")
            await send(socket, "done")
            await socket.close(1000)

    async with plain_service(script) as url:
        async with listen(
            f"{url}/listen?session={ID}", language="en", backoff=lambda attempt: 0
        ) as broadcast:
            heard = [event async for event in broadcast]
        assert broadcast.resumptions == 1
    assert heard == [caption(0), translation(0), events.BroadcastChanged("ended"), events.Done()]
    assert [each.get("after") for each in asked] == [None, 7]


@pytest.mark.parametrize(
    ("code", "fatal", "error"),
    [(1013, True, TooSlow), (1000, False, ConnectionLost), (1008, False, ConnectionLost)],
)
async def test_a_broadcast_that_the_service_ends_is_an_error(
    code: int, fatal: bool, error: type[SokujiError]
) -> None:
    async def script(socket: ServerConnection) -> None:
        await receive_message(socket)
        await socket.send(json.dumps(JOINED))
        if fatal:
            await send(socket, "error", code="too_slow", message="wait", param=None, fatal=True)
        await socket.close(code)

    async with (
        plain_service(script) as url,
        listen(f"{url}/listen?session={ID}", language="en") as broadcast,
    ):
        with pytest.raises(error):
            async for _ in broadcast:
                pass
