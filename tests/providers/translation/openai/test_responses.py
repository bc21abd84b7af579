"""Responses of a chat model: which are read as a translation, and which are failures."""

import asyncio
import json

import pytest

from sokuji.contract import TranslationRequest
from sokuji.errors import (
    ProviderFailed,
    ProviderUnavailable,
)
from sokuji.providers.translation.openai import OpenAIChat
from tests.support.cloud.faults import cut, endless, garbage, stall
from tests.support.cloud.openai_chat import USUAL, chunk, sends
from tests.support.cloud.server import Response, Server, events
from tests.support.cloud.translators import refused, translated

HELLO = TranslationRequest(text="Good morning, my friend.", source="en", target="pt")
SAID = "".join(USUAL)


@pytest.mark.parametrize("pieces", [2, 4, len(USUAL) + 1])
async def test_a_response_that_breaks_off_is_a_failure(
    pieces: int, provider: OpenAIChat, server: Server
) -> None:
    server.fail(cut(pieces), sends(events(*map(chunk, USUAL[: pieces - 1]), done=False)))
    for _ in range(2):
        refusal = await refused(provider, HELLO)
        assert isinstance(refusal, ProviderUnavailable)
        assert "closed the connection" in refusal.message


@pytest.mark.parametrize(
    "response",
    [
        events(chunk(SAID), chunk(reason="stop"), done=False),
        events(chunk(SAID)),
        events(chunk(SAID, "stop"), {"choices": [], "usage": {"total_tokens": 9}}),
        events({"choices": [], "prompt_filter_results": []}, chunk(SAID, "stop")),
        Response([b": a comment\r\n\r\n", f"data:{json.dumps(chunk(SAID, 'stop'))}\r\n\r\n".encode()]),
        Response([bytes([each]) for each in f"data: {json.dumps(chunk(SAID, 'stop'))}\n\n".encode()]),
        events(chunk(None, reasoning_content="They want Portuguese."), chunk(SAID, "stop")),
    ],
    ids=[
        "no DONE",
        "no reason",
        "usage",
        "no choices at first",
        "comments",
        "byte by byte",
        "thoughts apart",
    ],
)
async def test_every_form_of_a_complete_response_is_read(
    response: Response, provider: OpenAIChat, server: Server
) -> None:
    server.fail(sends(response))
    assert await translated(provider, HELLO) == [SAID]


async def test_a_complete_response_whose_stream_does_not_end_is_not_waited_for(
    provider: OpenAIChat, server: Server
) -> None:
    server.fail(stall(len(USUAL) + 2))
    assert await translated(provider, HELLO) == [SAID]


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (events(*map(chunk, USUAL), chunk(reason="length")), "length"),
        (events(chunk("Bom "), chunk(reason="content_filter")), "content_filter"),
        (events(chunk(SAID), chunk(reason="tool_calls")), "tool_calls"),
        (events(chunk(SAID), chunk(reason="Bom dia")), "unknown reason"),
        (events(chunk(None, refusal="I can't"), chunk(reason="stop")), "refusal"),
        (events(chunk("Bom "), {"error": {"message": "Bom dia", "code": 500}}), "error"),
        (events(chunk("Bom "), {"no": "choices"}), "sent an invalid response"),
        (events(chunk("Bom "), ["choices"]), "sent an invalid response"),
        (events({"choices": [{"delta": {"content": 7}}]}), "sent an invalid response"),
        (Response([b"data: {\n\n"]), "sent an invalid response"),
        (Response([b"data: " + b"[" * 100_000 + b"\n\n"]), "sent an invalid response"),
        (events(chunk("Sorry, I can't help with that."), chunk(reason="stop")), "refusal"),
        (events(chunk(reason="stop")), "empty"),
    ],
)
async def test_a_response_without_a_complete_translation_is_a_failure(
    response: Response, told: str, provider: OpenAIChat, server: Server
) -> None:
    server.fail(sends(response))
    refusal = await refused(provider, HELLO)
    assert isinstance(refusal, ProviderFailed)
    assert told in refusal.message
    assert "Bom" not in refusal.message


async def test_a_response_without_events_is_treated_as_broken_off(
    provider: OpenAIChat, server: Server
) -> None:
    server.fail(garbage)
    assert isinstance(await refused(provider, HELLO), ProviderUnavailable)


@pytest.mark.parametrize(
    "piece", [f"data: {json.dumps(chunk('ha'))}\n\n".encode(), b"\n" * 65_536, b": ping\n\n" * 9_000]
)
async def test_an_endless_response_is_refused_and_its_connection_closed(
    piece: bytes, provider: OpenAIChat, server: Server
) -> None:
    server.fail(endless(piece))
    assert isinstance(await refused(provider, HELLO), ProviderFailed)
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)
