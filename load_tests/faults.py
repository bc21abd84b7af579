"""Replicas that are killed while people speak, and how long the service took to be itself again."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from load_tests.level import Session, answer_to
from load_tests.service import CONTROLLER, PROXY, REST, Deployed, Running
from sokuji.errors import ConfigError
from sokuji.measure.latency import LatencyPoint

POLL_S = 0.2
REPLACED_WITHIN_S = 60.0
"""Patience with a new process; then the next one is killed."""


@dataclass(slots=True)
class Kill:
    """A replica that was killed."""

    deployment: str
    at: float
    """When (monotonic seconds)."""
    replaced_s: float | None = None
    """How long until another process had taken its place, which then loads its model; None: not seen."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What users felt of a kill."""

    deployment: str
    at_s: float
    """When, in seconds since the run began."""
    replaced_s: float | None
    recovered_s: float | None
    """From the kill to the complete answer to the first sentence that was begun after it; None: none came."""
    worst_first_audio_ms: float | None
    """The longest wait for a voice among the sentences that were not answered yet or begun until then."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its answer; times are monotonic seconds."""

    began: float
    ended: float
    delays_ms: Mapping[LatencyPoint, float]
    """From the end of its speech to each stage."""
    answered: float
    """When all of its answer had come."""


def answered(sessions: Sequence[Session]) -> list[Sentence]:
    """The sentences that were answered completely, in the order in which they were said."""
    found = []
    for session in sessions:
        for start_ms, end_ms in session.spans_ms:
            answer = answer_to(start_ms, end_ms, session.stopwatch.utterances.values())
            if answer is not None:
                began, ended = session.pace.spoken_at(start_ms), session.pace.spoken_at(end_ms)
                found.append(Sentence(began, ended, answer.delays_ms(ended), answer.at["last audio"]))
    return sorted(found, key=lambda each: each.ended)


def recovery(kill: Kill, sentences: Sequence[Sentence], began: float) -> Recovery:
    """What was felt of a kill in a run that began at ``began`` (monotonic seconds)."""
    over = min((each.answered for each in sentences if each.began >= kill.at), default=None)
    touched = [
        each.delays_ms["first audio"]
        for each in sentences
        if each.answered > kill.at and (over is None or each.began < over)
    ]
    return Recovery(
        deployment=kill.deployment,
        at_s=round(kill.at - began, 1),
        replaced_s=None if kill.replaced_s is None else round(kill.replaced_s, 1),
        recovered_s=None if over is None else round(over - kill.at, 1),
        worst_first_audio_ms=round(max(touched)) if touched else None,
    )


@dataclass(frozen=True, slots=True)
class Faults:
    """Replicas that are to be killed, by turns."""

    every_s: float
    deployments: tuple[str, ...]

    def check(self, running: Running) -> None:
        """Raise ConfigError unless the service has replicas of all these deployments."""
        known = {each.name for each in running.processes()} - {PROXY, CONTROLLER, REST}
        if unknown := set(self.deployments) - known:
            raise ConfigError(
                f"no deployment named {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}",
                param="kill",
            )

    async def kill_by_turns(self, running: Running, until: float, kills: list[Kill]) -> None:
        """Kill a replica of one deployment after another, until cancelled.

        Only processes of ``running`` are killed, each by its process id; that it is still its own is checked.

        Args:
            until: when no more is killed (monotonic seconds), so that the last one is seen to recover.
            kills: takes down what has been done.
        """
        due = time.monotonic()
        for name in itertools.cycle(self.deployments):
            due += self.every_s
            await asyncio.sleep(due - time.monotonic())
            if time.monotonic() > until:
                return
            replicas = await _replicas(running, name)
            for victim in replicas[:1]:
                with suppress(psutil.NoSuchProcess):  # it has ended by itself
                    victim.process.kill()
                kill = Kill(name, time.monotonic())
                kills.append(kill)
                with suppress(TimeoutError):
                    async with asyncio.timeout(REPLACED_WITHIN_S):
                        await _replaced(running, name, replicas)
                        kill.replaced_s = time.monotonic() - kill.at


async def _replaced(running: Running, name: str, before: Sequence[Deployed]) -> None:
    """Return when there is a replica that was not there before."""
    known = {each.process.pid for each in before}
    while True:
        if {each.process.pid for each in await _replicas(running, name)} - known:
            return
        await asyncio.sleep(POLL_S)


async def _replicas(running: Running, name: str) -> list[Deployed]:
    return [each for each in await asyncio.to_thread(running.processes) if each.name == name]
