"""A conversation behind nginx, under a path and TLS, while nginx is reloaded and the gateway is replaced.

``TALK_MINUTES=10 make test-long ARGS=tests/service/test_behind_nginx.py`` has it last ten minutes.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine

import httpx
import pytest

from launcher import dashboard
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.measure.samples import compose, sentences
from tests.ops.proxy import Proxy, proxied
from tests.service.conftest import RunningService
from tests.service.interpretation import MISHEARD, interpret
from tests.support.text_similarity import character_error_rate

MINUTES = float(os.environ.get("TALK_MINUTES", "1.5"))


async def reload(proxy: Proxy) -> None:
    await asyncio.to_thread(proxy.reload)


async def update(service: RunningService) -> None:
    """Have Serve replace the gateway: with another share of a core it is another deployment."""
    async with dashboard.connect(service.dashboard) as serve:
        await dashboard.change(serve, dashboard.GATEWAY, ray_actor_options={"num_cpus": 0.15})


@pytest.mark.long
@pytest.mark.timeout(60 * MINUTES + 300)
async def test_reloads_and_a_rolling_update_cost_no_word(
    service: RunningService, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = sentences("pt")
    once = compose(talk)
    rounds = max(3, round(60 * MINUTES / (len(once.pcm) / 2 / RECOGNISER_RATE)))
    speech = compose(talk * rounds)
    duration_ms = 1_000 * len(speech.pcm) / 2 / RECOGNISER_RATE
    doing: list[asyncio.Task[None]] = []
    with proxied(service.address) as proxy:
        monkeypatch.setenv("SSL_CERT_FILE", str(proxy.certificate))
        schedule: list[tuple[float, Callable[[], Coroutine[None, None, None]]]] = [
            (0.4, lambda: reload(proxy)),
            (0.6, lambda: update(service)),
            (0.8, lambda: reload(proxy)),
        ]

        def reached(ms: float) -> None:
            while schedule and ms > schedule[0][0] * duration_ms:
                doing.append(asyncio.create_task(schedule.pop(0)[1]()))

        heard = await interpret(f"https://{proxy.address}/speech", speech, "utterance", reached)
        await asyncio.gather(*doing)
    assert len(doing) == 3
    # By the update alone: a reload leaves conversations where they are.
    assert heard.resumptions == 1
    assert heard.stopwatch.out_of_order == 0
    assert len(heard.transcript) == len(heard.translation) == len(heard.voiced)
    first = heard.transcript[: len(heard.transcript) // rounds]
    assert first
    assert len(heard.transcript) == rounds * len(first)
    for number, text in enumerate(heard.transcript):
        assert character_error_rate(first[number % len(first)], text) <= MISHEARD, (number, text)
