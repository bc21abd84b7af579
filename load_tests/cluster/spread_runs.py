"""Scenarios of the routers: which replica of a stage gets the calls of a gateway."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import get_args

from deployments.routing import Strategy
from load_tests.cluster.cluster import GATEWAYS, Cluster
from load_tests.cluster.serve_configs import Changes, replicas, serve_config
from load_tests.cluster.talks import Calm, scenario, talk
from load_tests.measurements.heard_words import UsersReport, users_report
from load_tests.progress import progress

STT = "SpeechToText"
SESSIONS, SPEECH_S = 4, 25.0
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
BESIDE_GATEWAYS: Changes = {
    "Gateway": replicas(2),
    STT: {
        **replicas(2),
        "max_replicas_per_node": 1,
        "ray_actor_options": {"resources": {"beside_gateway": 1}},
    },
}


@dataclass(frozen=True, slots=True)
class SpreadRun:
    """The calls of one run, and what users noticed."""

    strategy: str
    gateway: str
    """The node whose gateway was spoken to; "both": through nginx."""
    calls: Mapping[str, int]
    """Replica of SpeechToText and its node -> its calls."""
    users: UsersReport


async def strategy_runs(cluster: Cluster, url: str, calm: Calm) -> AsyncIterator[SpreadRun]:
    """Four sessions through two gateways to three recognisers on nodes of their own, by each strategy."""
    for strategy in STRATEGIES:
        progress(f"calls are spread by {strategy}")
        changes = {"Gateway": replicas(2), STT: replicas(3)}
        await cluster.deploy(serve_config(changes, load_balance_strategy=strategy))
        yield await _spread(cluster, url, calm, strategy, "both")


async def locality_runs(cluster: Cluster, calm: Calm) -> AsyncIterator[SpreadRun]:
    """One session to each gateway in turn, with a recogniser on each gateway's node, by each strategy."""
    for strategy in STRATEGIES:
        await cluster.deploy(serve_config(BESIDE_GATEWAYS, load_balance_strategy=strategy))
        for gateway in GATEWAYS:
            progress(f"{gateway} is spoken to, by {strategy}")
            yield await _spread(cluster, cluster.url(gateway), calm, strategy, gateway, sessions=1)


async def _spread(
    cluster: Cluster, url: str, calm: Calm, strategy: Strategy, gateway: str, sessions: int = SESSIONS
) -> SpreadRun:
    before = cluster.calls(STT)
    spoken, _ = await talk(url, scenario(sessions, SPEECH_S))
    after = cluster.calls(STT)
    places = {each.replica_id: cluster.node_of(each) for each in await cluster.replicas()}
    calls = {
        f"{replica} on {places[replica]}": after[replica] - before[replica]
        for replica in after
        if replica in places
    }
    return SpreadRun(strategy, gateway, calls, users_report(spoken, calm.texts))
