"""Scenarios of the autoscaler: load that rises and falls, and a service that is not used."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from load_tests.cluster.cluster import Cluster
from load_tests.cluster.polling import until
from load_tests.cluster.replica_timeline import ReplicaTimeline, watched
from load_tests.cluster.serve_configs import replicas, serve_config
from load_tests.cluster.talks import Calm, scenario, talk
from load_tests.measurements.heard_words import UsersReport, users_report
from load_tests.progress import progress

SCALED: Mapping[str, int] = {"SpeechToText": 3, "Gateway": 2}
"""Deployment -> the most replicas that it may have, in ``load_tests/scaling.yaml``."""
STAGES = ("SpeechToText", "Translation", "TextToSpeech")
CROWD, CROWD_S, LONG_S = 2, 45.0, 110.0
JOIN_AFTER_S = 8.0
SETTLED_S = 180.0


@dataclass(frozen=True, slots=True)
class ScaledDeployment:
    """How the number of replicas of one deployment followed the load; seconds from when the load changed."""

    deployment: str
    before: int
    most: int
    up_after_s: float | None
    after: int
    down_after_s: float | None


@dataclass(frozen=True, slots=True)
class LoadRun:
    """Load that rises and falls."""

    deployments: list[ScaledDeployment]
    users: UsersReport
    refusals: int
    calls: Mapping[str, int]
    """Replica of SpeechToText -> its calls."""
    timeline: list[tuple[float, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class IdleRun:
    """A service whose stages have ``min_replicas: 0``."""

    asleep: Mapping[str, int]
    """Replicas of each stage before somebody speaks."""
    users: UsersReport
    first_voice_s: float | None
    """From the end of the first sentence to its voice."""
    awake: Mapping[str, int]
    """The most replicas of each stage while somebody speaks."""
    asleep_again: Mapping[str, int]


async def load_run(cluster: Cluster, url: str, calm: Calm) -> LoadRun:
    """One session speaks, then two more for a while, and one that stays until the load has fallen."""
    await cluster.deploy(serve_config())
    before = await cluster.counts()
    async with watched(cluster) as timeline:
        first = asyncio.create_task(talk(url, scenario(1, LONG_S)))
        await asyncio.sleep(JOIN_AFTER_S)
        progress("the load rises")
        rises_s = timeline.now_s
        crowd = asyncio.create_task(talk(url, scenario(CROWD, CROWD_S)))
        await _until_most(timeline, "Gateway")
        last = asyncio.create_task(talk(url, scenario(1, LONG_S - JOIN_AFTER_S)))
        results = [await crowd]
        progress("the load falls")
        falls_s = timeline.now_s
        # The last one may be on the gateway that goes: its session has to move.
        results += [await first, await last]
        # A dict: ``dataclasses.asdict`` makes something else of a Counter.
        calls = dict(cluster.calls("SpeechToText"))
        after = await _until_settled(cluster, before)
    sessions = [session for some, _ in results for session in some]
    return LoadRun(
        [_scaled(name, timeline, before, after, rises_s, falls_s) for name in SCALED],
        users_report(sessions, calm.texts),
        sum(refusals for _, refusals in results),
        calls,
        [(at_s, dict(counts)) for at_s, counts in timeline.changes],
    )


async def _until_most(timeline: ReplicaTimeline, name: str) -> None:
    """Return when a deployment has the most replicas that it may have, or after ``CROWD_S``."""

    async def is_reached() -> bool:
        return timeline.most(name) >= SCALED[name]

    await until(is_reached, CROWD_S)


async def _until_settled(cluster: Cluster, wanted: Mapping[str, int]) -> Counter[str]:
    """The numbers of replicas when they are as wanted, or after ``SETTLED_S``."""

    async def is_settled() -> bool:
        return await cluster.counts() == wanted

    await until(is_settled, SETTLED_S)
    return await cluster.counts()


def _scaled(
    name: str,
    timeline: ReplicaTimeline,
    before: Mapping[str, int],
    after: Mapping[str, int],
    rises_s: float,
    falls_s: float,
) -> ScaledDeployment:
    most = timeline.most(name)
    return ScaledDeployment(
        name,
        before.get(name, 0),
        most,
        timeline.reached_s(name, SCALED[name], rises_s),
        after.get(name, 0),
        timeline.reached_s(name, before.get(name, 0), falls_s) if most > before.get(name, 0) else None,
    )


async def idle_run(cluster: Cluster, url: str, calm: Calm) -> IdleRun:
    """All stages go when nobody speaks, come when somebody does, and go again."""
    await cluster.deploy(serve_config({stage: replicas(0, 1) for stage in STAGES}))
    nobody: Counter[str] = Counter({"Gateway": 1})
    progress("nobody speaks")
    asleep = await _until_settled(cluster, nobody)
    progress("somebody speaks")
    async with watched(cluster) as timeline:
        sessions, _ = await talk(url, scenario(1, CROWD_S))
    (session,) = sessions
    end_ms = session.speech.spans_ms[0][1]
    voices = [
        each.at["first audio"] for each in session.stopwatch.utterances.values() if "first audio" in each.at
    ]
    asleep_again = await _until_settled(cluster, nobody)
    return IdleRun(
        _of_stages(asleep),
        users_report(sessions, calm.texts),
        round(session.since(end_ms, min(voices)) / 1_000, 1) if voices else None,
        {stage: timeline.most(stage) for stage in STAGES},
        _of_stages(asleep_again),
    )


def _of_stages(counts: Mapping[str, int]) -> dict[str, int]:
    return {stage: counts.get(stage, 0) for stage in STAGES}
