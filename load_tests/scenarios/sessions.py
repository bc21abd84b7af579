"""Scenarios: sessions that speak to a system in real time, and the record of each."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeVar

from rich.console import Console
from rich.progress import Progress

from load_tests.scenarios.response_log import ResponseLog
from load_tests.scenarios.speech_samples import ScriptedSpeech, scripted_speech
from load_tests.scenarios.translation_door import RATE, DeltaStopwatch, delta_events
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.client.reconnection import RESUME_WITHIN_S
from sokuji.errors import DeadlineExceeded, Overloaded, SokujiError
from sokuji.measure.latency import RealTimeSource, Stopwatch

Door = Literal["bridge", "openai", "grpc"]
"""What sessions use: the bridge's own WebSocket, ``/v1/realtime/translations``, or gRPC."""
STAGGER_S = 4.0
"""The sessions of a level begin within this time by default, so that they do not speak in unison."""
DEADLINE_S = 120.0
"""How much longer than its speech a session may take where a command sets a limit."""
SpokenUntil = Callable[[float], None]
"""Receives how many milliseconds of the recording have been sent."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Sessions that speak at the same time."""

    config: Config
    sessions: int
    duration_s: float
    run_on: int = 1
    """Recordings that are joined into one sentence without a pause that would end it."""
    deadline_s: float | None = None
    """How much longer than its speech a session may take; None: any time."""
    door: Door = "bridge"
    grpc_address: str = ""
    """Of the service, for the door of this name."""
    stagger_s: float = STAGGER_S
    """The time within which the sessions begin; 0: all at once."""
    talk: ScriptedSpeech | None = None
    """What each session says instead of recordings, however long it is."""

    def speech(self, number: int) -> ScriptedSpeech:
        """What session ``number`` says; each begins with another recording."""
        if self.talk is not None:
            return self.talk
        return scripted_speech(self.config.source_language, self.duration_s, number, self.run_on)

    def report(self) -> dict[str, Any]:
        """For JSON."""
        figures = asdict(replace(self, talk=None))
        del figures["talk"]
        return {**figures.pop("config"), **figures}


@dataclass(slots=True)
class SessionRecord:
    """What one session said, and how its client kept the pace of speech."""

    speech: ScriptedSpeech
    pace: RealTimeSource = field(default_factory=RealTimeSource)
    errors: Counter[str] = field(default_factory=Counter)
    behind_ms: float = 0.0
    """How late the latest frame was sent: a large value is the fault of this client, not of the system."""

    def sent(self, ms: float) -> None:
        """The frame that ends at ``ms`` of the recording has been sent."""
        self.behind_ms = max(self.behind_ms, self.since(ms, time.monotonic()))

    def since(self, ms: float, at: float) -> float:
        """Milliseconds from the time at which ``ms`` of the recording was spoken to ``at`` (monotonic s)."""
        return 1_000 * (at - self.pace.spoken_at(ms))


@dataclass(slots=True, kw_only=True)
class ServiceSession(SessionRecord):
    """A session with a Sokuji Bridge service, and what came back."""

    stopwatch: Stopwatch
    responses: ResponseLog | None = None
    resumptions: int = 0
    failure: SokujiError | None = None
    """What ended the session before its end."""
    refused_after_s: float | None = None
    """How long the service took to refuse the session; None: it let it in."""

    def note(self, event: events.Event, at: float) -> None:
        """``event`` came at ``at`` (monotonic seconds)."""
        self.stopwatch.record(event, at)
        if self.responses is not None:
            self.responses.note(event, at)
        if isinstance(event, events.Failed):
            self.errors[event.error.code] += 1

    def fail(self, error: SokujiError) -> None:
        """The session has ended with ``error``."""
        self.failure = error
        self.errors[error.code] += 1

    def refuse(self, after_s: float) -> None:
        """The service had no room for the session and said so after ``after_s``."""
        self.refused_after_s = after_s


Record = TypeVar("Record", bound=SessionRecord)


async def run_scenario(
    url: str,
    scenario: Scenario,
    *,
    keep_responses: bool = False,
    first_spoken_until: SpokenUntil = lambda ms: None,
    resume_within_s: float = RESUME_WITHIN_S,
) -> list[ServiceSession]:
    """The sessions of a scenario, after all responses have come; a failed session is no exception.

    Args:
        first_spoken_until: is called for the first session.
        resume_within_s: how long a client tries to resume after it has lost its connection.
    """
    target = scenario.config.targets[0]
    if scenario.door == "grpc":
        url = f"grpc://{scenario.grpc_address}"
    sessions = [
        ServiceSession(
            scenario.speech(number),
            stopwatch=_stopwatch(scenario, number),
            responses=ResponseLog(target) if keep_responses else None,
        )
        for number in range(scenario.sessions)
    ]

    async def speak(session: ServiceSession, spoken_until: SpokenUntil) -> None:
        def reached(ms: float) -> None:
            spoken_until(ms)
            if session is sessions[0]:
                first_spoken_until(ms)

        await converse(
            url,
            scenario.config,
            session,
            reached,
            deadline_s=scenario.deadline_s,
            resume_within_s=resume_within_s,
        )

    await speak_together(scenario.config.source_language, sessions, speak, scenario.stagger_s)
    return sessions


def _stopwatch(scenario: Scenario, number: int) -> Stopwatch:
    target = scenario.config.targets[0]
    if scenario.door == "openai":
        return DeltaStopwatch(target, scenario.speech(number).spans_ms)
    return Stopwatch(target)


async def speak_together(
    label: str,
    sessions: Sequence[Record],
    speak: Callable[[Record, SpokenUntil], Awaitable[None]],
    stagger_s: float = STAGGER_S,
) -> None:
    """Run ``speak`` for all sessions at once, with a progress bar for each on a terminal.

    Args:
        stagger_s: the time within which they begin.
    """
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:

        async def staggered(number: int, session: Record) -> None:
            name = f"{label}: session {number + 1} of {len(sessions)}"
            task = bar.add_task(name, total=session.speech.duration_ms)

            def spoken_until(ms: float) -> None:
                session.sent(ms)
                bar.update(task, completed=ms)

            await asyncio.sleep(stagger_s * number / len(sessions))
            await speak(session, spoken_until)

        async with asyncio.TaskGroup() as tasks:
            for number, session in enumerate(sessions):
                tasks.create_task(staggered(number, session))


async def converse(
    url: str,
    config: Config,
    session: ServiceSession,
    spoken_until: SpokenUntil,
    *,
    deadline_s: float | None = None,
    resume_within_s: float = RESUME_WITHIN_S,
) -> None:
    """One conversation in real time; an error ends it and is noted in ``session``."""
    began = time.monotonic()
    seconds = None if deadline_s is None else session.speech.duration_ms / 1_000 + deadline_s
    try:
        async with asyncio.timeout(seconds):
            if isinstance(session.stopwatch, DeltaStopwatch):
                await _converse_by_deltas(url, config, session, session.stopwatch, spoken_until)
            else:
                await _converse_by_events(url, config, session, spoken_until, resume_within_s)
    except SokujiError as error:
        if isinstance(error, Overloaded) and not session.stopwatch.utterances:
            session.refuse(time.monotonic() - began)
        else:
            session.fail(error)
    except TimeoutError:
        session.fail(DeadlineExceeded(f"the responses were not complete {deadline_s:g} s after the speech"))


async def _converse_by_events(
    url: str, config: Config, session: ServiceSession, spoken_until: SpokenUntil, resume_within_s: float
) -> None:
    """With the bridge's client, through its own door or over gRPC."""
    frames = session.pace.frames(session.speech.pcm, RECOGNISER_RATE, spoken_until)
    async with (
        connect(url, config, resume_within_s=resume_within_s) as conversation,
        aclosing(conversation.converse(frames)) as received,
    ):
        async for event in received:
            session.resumptions = conversation.resumptions
            session.note(event, time.monotonic())


async def _converse_by_deltas(
    url: str, config: Config, session: ServiceSession, stopwatch: DeltaStopwatch, spoken_until: SpokenUntil
) -> None:
    """Through ``/v1/realtime/translations``."""
    pcm = await asyncio.to_thread(resample, session.speech.pcm, RECOGNISER_RATE, RATE)
    frames = session.pace.frames(pcm, RATE, spoken_until)
    async with aclosing(delta_events(url, config, frames)) as received:
        async for delta in received:
            stopwatch.record_delta(delta, time.monotonic())
