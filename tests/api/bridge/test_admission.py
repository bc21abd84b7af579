"""Sockets that ask for more sessions than the service holds: some are served whole, the others refused."""

import asyncio

import pytest

from sokuji.config import AdmissionSettings, GatewaySettings, StreamingSettings
from tests.api.bridge.asgi_client import AsgiClient, connected_service, finish
from tests.support.speech import noise, sample
from tests.support.working_stt import WorkingStt

HOLDS = 4
UTTERANCE = sample("pt", "ola_mundo") + noise(800, seed=1)
FULL = GatewaySettings(
    admission=AdmissionSettings(enabled=True, initial_sessions=HOLDS),
    streaming=StreamingSettings(speculate=False),
)


async def open_session(client: AsgiClient) -> bool:
    """Ask for a session; whether the client got it. A refusal is complete and comes instead of ``ready``."""
    client.configure(source_language="pt")
    first = await client.next_frame()
    if first["type"] == "ready":
        return True
    assert (first["type"], first["code"], first["fatal"]) == ("error", "overloaded", True)
    assert "recognition (fake)" in first["message"]
    assert first["retry_after_s"] >= 1
    assert await client.next_frame() == {"type": "close", "code": 1013, "reason": "overloaded"}
    return False


async def converse(client: AsgiClient) -> list[str]:
    """Two utterances; the texts of their translations."""
    for _ in range(2):
        client.speak(UTTERANCE)
        await asyncio.sleep(0.5)
    client.send(type="end")
    texts = []
    while (frame := await client.next_frame())["type"] != "done":
        assert frame["type"] != "error"
        if frame["type"] == "translation":
            texts.append(frame["text"])
    assert (await client.until("close"))["code"] == 1000
    return texts


@pytest.mark.slow
async def test_of_four_times_as_many_as_fit_those_that_are_let_in_lose_no_word() -> None:
    async with connected_service(FULL, stt=WorkingStt(cost=0.15)) as server:
        clients = [server.connect() for _ in range(4 * HOLDS)]
        let_in = await asyncio.gather(*(open_session(each) for each in clients))
        assert sum(let_in) == HOLDS
        admitted = [client for client, got_in in zip(clients, let_in, strict=True) if got_in]
        assert [len(texts) for texts in await asyncio.gather(*map(converse, admitted))] == [2] * HOLDS
        assert server.service.admission.state.sessions == 0
        assert server.service.admission.state.refused == {"busy": 3 * HOLDS}
        late = server.connect()
        assert await open_session(late), "there is room again"
        await finish(late)


async def test_a_client_that_resumes_is_let_in_where_a_new_one_is_not_and_counts() -> None:
    async with connected_service(FULL, stt=WorkingStt(cost=0.15)) as server:
        clients = [server.connect() for _ in range(HOLDS + 2)]
        assert [await open_session(each) for each in clients] == [True] * HOLDS + [False] * 2
        back = server.connect()
        back.configure(session_id="0123456789abcdef" * 2, resume_from_ms=0)
        await back.until("ready")
        assert server.service.admission.state.sessions == HOLDS + 1
        for each in (*clients[:HOLDS], back):
            await finish(each)


async def test_a_changed_setting_holds_for_the_next_session() -> None:
    async with connected_service(FULL, stt=WorkingStt(cost=0.15)) as server:
        server.service.apply(GatewaySettings(admission=AdmissionSettings(enabled=True, initial_sessions=1)))
        clients = [server.connect() for _ in range(3)]
        assert [await open_session(each) for each in clients] == [True, False, False]
        server.service.apply(GatewaySettings(admission=AdmissionSettings(enabled=False)))
        more = server.connect()
        assert await open_session(more)
        await finish(clients[0])
        await finish(more)
