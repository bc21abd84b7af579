"""Redis that ends, comes back or refuses: clients notice nothing, and the log has no password."""

import asyncio
from pathlib import Path

import pytest

from sokuji.access.new_key import make_key
from sokuji.access.quotas import Quotas, Resource
from sokuji.access.redis_counts import connect
from sokuji.access.shared_counts import RETRY_S, SharedCounts
from sokuji.config.keys import KeyLimits, KeyScope
from sokuji.errors import RateLimited
from tests.access.redis_server import needs_redis, redis_server

pytestmark = needs_redis
KEY = make_key("a", KeyScope, KeyLimits(requests_per_minute=2, characters_per_day=10)).key


async def test_a_replica_counts_alone_while_redis_does_not_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path, password="right") as url:
        wrong = SharedCounts(url.replace("right", "wrong-password"))
        assert await Quotas(wrong).admit_request(KEY) is not None
        await wrong.close()
    assert "AuthenticationError" in caplog.text
    assert "wrong-password" not in caplog.text
    caplog.clear()
    quotas = Quotas(SharedCounts(url))
    for _ in range(2):
        await quotas.admit_request(KEY)
    with pytest.raises(RateLimited):
        await quotas.admit_request(KEY)
    assert caplog.text.count("this replica counts alone") == 1


async def test_redis_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    now = 100.0
    with redis_server(tmp_path) as url:
        pass
    counts = SharedCounts(url, lambda: now)
    quotas = Quotas(counts)
    await quotas.charge(KEY, Resource.CHARACTERS, 10)
    with redis_server(tmp_path, port=int(url.rpartition(":")[2].partition("/")[0])):
        assert (await _left(quotas)) == 0, "it is left alone for a while"
        now += RETRY_S
        assert (await _left(quotas)) == 10
        await counts.close()


async def _left(quotas: Quotas) -> int:
    allowance = await quotas.allowance(KEY, Resource.CHARACTERS)
    assert allowance is not None
    return allowance.remaining


async def test_a_lease_that_is_not_renewed_ends(redis_url: str) -> None:
    counts = connect(redis_url, lease_s=0.2)
    assert await counts.leases.take("x", "of a process that was killed", 1)
    assert not await counts.leases.take("x", "other", 1)
    async with asyncio.timeout(10):
        while not await counts.leases.take("x", "other", 1):
            await asyncio.sleep(0.05)
    await counts.close()
