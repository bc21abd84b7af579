"""Every gateway shows what all replicas have measured, and forgets replicas that have ended."""

import pytest
from prometheus_client.core import GaugeMetricFamily
from ray.exceptions import RayError
from ray.experimental import internal_kv

from deployments.cluster_metrics import STALE_S, ClusterMetrics
from sokuji.metrics.exposition import exposition
from tests.support.metrics_page import total


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, bytes]:
    """What stands in for Ray's key-value store."""
    kept: dict[bytes, bytes] = {}

    def put(key: bytes, value: bytes, overwrite: bool, *, namespace: bytes) -> None:
        assert overwrite
        kept[key] = value

    monkeypatch.setattr(internal_kv, "_internal_kv_put", put)
    monkeypatch.setattr(internal_kv, "_internal_kv_get", lambda key, *, namespace: kept.get(key))
    monkeypatch.setattr(internal_kv, "_internal_kv_del", lambda key, *, namespace: kept.pop(key, None))
    monkeypatch.setattr(
        internal_kv,
        "_internal_kv_list",
        lambda prefix, *, namespace: [key for key in kept if key.startswith(prefix)],
    )
    return kept


class Replica:
    """One that has measured a number of sessions."""

    def __init__(self, name: str, now: list[float]) -> None:
        self.metrics = ClusterMetrics({"deployment": "Gateway", "replica": name}, lambda: now[0])

    def measured(self, sessions: int) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily("sokuji_sessions", "Sessions.", labels=tuple(self.metrics.labels))
        family.add_metric(list(self.metrics.labels.values()), sessions)
        return [family]

    def publish(self, sessions: int) -> None:
        self.metrics.publish([*self.measured(sessions)])

    async def page(self, sessions: int) -> str:
        return exposition([*self.measured(sessions), *await self.metrics.others()]).decode()


async def test_both_gateways_show_both_and_none_overwrites_the_other(store: dict[bytes, bytes]) -> None:
    now = [1_000.0]
    first, second = Replica("a", now), Replica("b", now)
    first.publish(3)
    second.publish(4)
    for page in (await first.page(3), await second.page(4)):
        assert total(page, "sokuji_sessions", replica="a") == 3
        assert total(page, "sokuji_sessions", replica="b") == 4
    # What the replica that is asked has measured is of now, not of its last page.
    assert total(await first.page(5), "sokuji_sessions") == 9


async def test_the_page_of_a_replica_that_has_ended_is_dropped(store: dict[bytes, bytes]) -> None:
    now = [1_000.0]
    first, second = Replica("a", now), Replica("b", now)
    first.publish(3)
    second.publish(4)
    now[0] += STALE_S - 1
    first.publish(3)
    assert total(await first.page(3), "sokuji_sessions") == 7
    now[0] += 2
    assert total(await first.page(3), "sokuji_sessions") == 3
    assert len(store) == 1


async def test_a_store_that_does_not_answer_costs_the_metrics_of_the_others_alone(
    store: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    first, second = Replica("a", now), Replica("b", now)
    second.publish(4)

    def fail(prefix: bytes, *, namespace: bytes) -> list[bytes]:
        raise RayError("the GCS restarts")

    with monkeypatch.context() as broken:
        broken.setattr(internal_kv, "_internal_kv_list", fail)
        assert total(await first.page(3), "sokuji_sessions") == 3
    assert total(await first.page(3), "sokuji_sessions") == 7


async def test_pages_are_small(store: dict[bytes, bytes]) -> None:
    replica = Replica("a", [0.0])
    family = GaugeMetricFamily("sokuji_provider_load", "Load.", labels=("stage", "provider"))
    for number in range(2_000):
        family.add_metric(["translation", f"provider {number % 40}"], number)
    replica.metrics.publish([family])
    (value,) = store.values()
    assert len(value) < 20_000
