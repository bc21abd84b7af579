"""What can go wrong on the way to a cloud service, and the error that a provider must make of it.

``every_fault`` holds what is the same for each service that answers over HTTP, ``every_fault_of_json`` also
what can be wrong with JSON; a provider's tests walk one of them and add their own:

    @every_fault
    async def test_a_fault_of_the_service_has_its_error(fault: Fault, error: type[SokujiError], ...) -> None:
        provider.update(config(server, timeout_s=limit_s(error)))
        server.fail(fault)
        (answer,) = await provider.translate([HELLO])
        assert type(answer) is error
"""

import asyncio
from collections.abc import Mapping

import pytest

from sokuji.errors import DeadlineExceeded, Overloaded, ProviderFailed, ProviderUnavailable, SokujiError
from tests.support.cloud.server import Exchange, Fault, Response, half_open, pieces

SHORT_S = 0.2
"""Time limit of a provider whose service is slow on purpose."""
PATIENT_S = 10.0
"""Time limit of all others: a machine that is busy with something else must not fail a test."""


def limit_s(error: type[SokujiError]) -> float:
    """The time limit for a fault that has this error."""
    return SHORT_S / 2 if error is DeadlineExceeded else PATIENT_S


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"{}") -> Fault:
    """This status; with 200 a body that the service would not send."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(Response(body, code, headers or {}))

    return fault


async def silent(exchange: Exchange) -> None:
    """Reads the request and never answers."""
    await asyncio.Event().wait()


async def close(exchange: Exchange) -> None:
    """Reads the request and ends the connection (FIN)."""


async def reset(exchange: Exchange) -> None:
    """Reads the request and ends the connection the hard way (RST)."""
    exchange.reset()


async def no_http(exchange: Exchange) -> None:
    """Answers in another protocol."""
    await exchange.write(b"220 mail.example.com ESMTP\r\n")


async def _begin(exchange: Exchange, most: int | None = None) -> None:
    """The head of the right answer, and the first part of its body: half, or ``most`` pieces."""
    answer = await exchange.answer()
    await exchange.head(answer)
    if isinstance(answer.body, bytes):
        await exchange.write(answer.body[: len(answer.body) // 2])
        return
    sent = 0
    async for piece in pieces(answer.body):
        if most is not None and sent == most:
            break
        await exchange.chunk(piece)
        sent += 1


def cut(most: int | None = None) -> Fault:
    """Ends the connection within the body.

    Args:
        most: after so many pieces of a body that is sent in pieces; None: after all of them, so that only
            the mark of the body's end is missing.
    """

    async def fault(exchange: Exchange) -> None:
        await _begin(exchange, most)

    return fault


def cut_off(most: int | None = None) -> Fault:
    """As ``cut``, with RST."""

    async def fault(exchange: Exchange) -> None:
        await _begin(exchange, most)
        exchange.reset()

    return fault


def stall(most: int | None = None) -> Fault:
    """Says no more from the place on where ``cut`` ends the connection."""

    async def fault(exchange: Exchange) -> None:
        await _begin(exchange, most)
        await asyncio.Event().wait()

    return fault


async def half_a_head(exchange: Exchange) -> None:
    """Ends the connection within the headers."""
    await exchange.write(b"HTTP/1.1 200 OK\r\nContent-Ty")


async def garbage(exchange: Exchange) -> None:
    """The right head, and a body that is neither text nor anything else."""
    answer = await exchange.answer()
    await exchange.send(Response(bytes(range(255, 0, -1)), answer.status, answer.headers))


async def undecodable(exchange: Exchange) -> None:
    """Says that the body is compressed, which it is not."""
    answer = await exchange.answer()
    body = answer.body if isinstance(answer.body, bytes) else b"data: no gzip\n\n"
    await exchange.send(Response(body, answer.status, {**answer.headers, "Content-Encoding": "gzip"}))


def endless(piece: bytes = b" " * 65_536) -> Fault:
    """A body that goes on for as long as the client reads it."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.head(Response([], answer.status, answer.headers))
        while True:
            await exchange.chunk(piece)

    return fault


async def drip(exchange: Exchange) -> None:
    """A body that goes on, a byte at a time, quicker than any time limit from piece to piece."""
    answer = await exchange.answer()
    await exchange.head(Response([], answer.status, answer.headers))
    while True:
        await exchange.chunk(b" ")
        await asyncio.sleep(SHORT_S / 10)


EVERY_FAULT = [
    pytest.param(status(400), ProviderFailed, id="400"),
    pytest.param(status(401), ProviderFailed, id="401"),
    pytest.param(status(403), ProviderFailed, id="403"),
    pytest.param(status(404), ProviderFailed, id="404"),
    pytest.param(status(429, {"Retry-After": "7"}), Overloaded, id="429"),
    pytest.param(status(500), ProviderUnavailable, id="500"),
    pytest.param(status(503, {"Retry-After": "7"}), ProviderUnavailable, id="503"),
    pytest.param(status(302, {"Location": "/elsewhere"}), ProviderFailed, id="302"),
    pytest.param(half_open, DeadlineExceeded, id="half open"),
    pytest.param(silent, DeadlineExceeded, id="silent"),
    pytest.param(close, ProviderUnavailable, id="closed"),
    pytest.param(reset, ProviderUnavailable, id="reset"),
    pytest.param(no_http, ProviderUnavailable, id="no HTTP"),
    pytest.param(half_a_head, ProviderUnavailable, id="half a head"),
    pytest.param(cut(1), ProviderUnavailable, id="cut"),
    pytest.param(cut_off(1), ProviderUnavailable, id="cut off"),
    pytest.param(stall(1), DeadlineExceeded, id="stalled"),
    pytest.param(undecodable, ProviderFailed, id="undecodable"),
]
"""Fault -> the class of the error."""

FAULTS_OF_JSON = [
    pytest.param(garbage, ProviderFailed, id="garbage"),
    pytest.param(status(200, body=b""), ProviderFailed, id="empty"),
    pytest.param(status(200, body=b"[]"), ProviderFailed, id="a list"),
    pytest.param(status(200, body=b'{"else": null}'), ProviderFailed, id="something else"),
    pytest.param(status(200, body=b"[" * 100_000), ProviderFailed, id="nested"),
    pytest.param(endless(), ProviderFailed, id="endless"),
    pytest.param(drip, DeadlineExceeded, id="drip"),
]
"""The same for answers that are JSON and read as a whole."""

every_fault = pytest.mark.parametrize(("fault", "error"), EVERY_FAULT)
every_fault_of_json = pytest.mark.parametrize(("fault", "error"), [*EVERY_FAULT, *FAULTS_OF_JSON])
