"""A machine in simulated time: gateways whose sessions speak, and a stage that works off what they say."""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from sokuji.admission.admission import Admission
from sokuji.admission.provider_load import ProviderLoad
from sokuji.admission.speech_activity import SpeechActivity
from sokuji.config import AdmissionSettings
from sokuji.contract import Effort
from sokuji.errors import Overloaded
from sokuji.providers.worker_usage import WorkerUsage

STEP_S = 0.05
DESCRIBED_EVERY_S = 5.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@dataclass(eq=False)
class SpokenUtterance:
    """Work for the stage."""

    session: "SimulatedSession"
    said_at: float
    work_s: float
    began: float = 0.0


@dataclass(eq=False)
class SimulatedSession:
    """Speaks in sentences of 2 to 4 s with pauses of a second, or not at all."""

    gateway: "Gateway"
    activity: SpeechActivity
    script: Iterator[float]
    silent: bool = False
    latencies_s: list[float] = field(default_factory=list)
    unanswered: int = 0
    _speaks: bool = False
    _until: float = 0.0
    _length_s: float = 0.0

    def step(self, now: float) -> None:
        """Go on speaking or pausing."""
        if self.silent or now < self._until:
            return
        if self._speaks:
            self.activity.speaking(False)
            self.unanswered += 1
            self.gateway.stage.put(self, self._length_s)
        else:
            self.activity.speaking(True)
        self._speaks = not self._speaks
        self._length_s = next(self.script) if self._speaks else 1.0
        self._until = now + self._length_s

    def answered(self, latency_s: float) -> None:
        """Take an answer."""
        self.latencies_s.append(latency_s)
        self.unanswered -= 1
        if not self.unanswered:
            self.activity.settle()


class Stage:
    """Works through utterances, first come, first served.

    Args:
        cost: seconds of a worker for a second of speech.
    """

    def __init__(self, clock: Clock, *, cost: float, workers: int = 1) -> None:
        self.cost, self.workers = cost, workers
        self._clock = clock
        self._usage = WorkerUsage(clock)
        self._waiting: deque[SpokenUtterance] = deque()
        self._running: dict[int, tuple[SpokenUtterance, object]] = {}

    def put(self, session: SimulatedSession, length_s: float) -> None:
        """Queue an utterance."""
        self._waiting.append(SpokenUtterance(session, self._clock(), self.cost * length_s))

    def step(self) -> None:
        """End what is done, and begin what waits."""
        now = self._clock()
        for worker in range(self.workers):
            if worker in self._running and now >= self._ends(worker):
                self._finish(worker)
            if worker not in self._running and self._waiting:
                utterance = self._waiting.popleft()
                utterance.began = now
                computing = self._usage.computing()
                computing.__enter__()
                self._running[worker] = utterance, computing

    def describe(self, load: ProviderLoad) -> None:
        """Report to a gateway."""
        load.described("simulated", self._usage.report(self.workers))

    def _ends(self, worker: int) -> float:
        utterance, _ = self._running[worker]
        return utterance.began + utterance.work_s

    def _finish(self, worker: int) -> None:
        utterance, computing = self._running.pop(worker)
        computing.__exit__(None, None, None)  # type: ignore[attr-defined]
        effort = Effort(
            queued_s=utterance.began - utterance.said_at,
            busy_s=utterance.work_s,
            batch_size=1,
            work_s=utterance.work_s,
            report=self._usage.report(self.workers),
        )
        utterance.session.gateway.load.answered(effort)
        utterance.session.answered(self._clock() - utterance.said_at)


class Gateway:
    """A gateway with its admission."""

    def __init__(self, clock: Clock, stage: Stage, settings: AdmissionSettings, gateways: int = 1) -> None:
        self.stage = stage
        self.load = ProviderLoad("stt", clock)
        self.admission = Admission(settings, [self.load], lambda: gateways, clock)
        self.sessions: list[SimulatedSession] = []
        self.refusals: list[Overloaded] = []

    def ask(self, *, silent: bool = False) -> bool:
        """Ask for a session; whether it was let in."""
        try:
            activity = self.admission.admit()
        except Overloaded as refusal:
            self.refusals.append(refusal)
            return False
        seed = len(self.sessions)
        lengths = random.Random(seed)
        script = (lengths.uniform(2, 4) for _ in iter(int, 1))
        self.sessions.append(SimulatedSession(self, activity, script, silent=silent))
        return True

    def end_all(self) -> None:
        """End all sessions."""
        for each in self.sessions:
            each.activity.end()
        self.sessions = []


class Machine:
    """A stage and its gateways.

    Args:
        cost, workers: of the stage.
        initial_sessions: the setting of this name; None: the default.
    """

    def __init__(
        self, *, cost: float, workers: int = 1, gateways: int = 1, initial_sessions: int | None = None
    ) -> None:
        settings = AdmissionSettings(enabled=True)
        if initial_sessions is not None:
            settings = AdmissionSettings(enabled=True, initial_sessions=initial_sessions)
        self.clock = Clock()
        self.stage = Stage(self.clock, cost=cost, workers=workers)
        self.gateways = [Gateway(self.clock, self.stage, settings, gateways) for _ in range(gateways)]
        self.holds = settings.max_load * workers / cost / (3 / 4)
        """Sessions that keep the workers as busy as they may be: they speak three quarters of the time."""
        self._describe()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until, describe_at = self.clock.now + seconds, self.clock.now
        while self.clock.now < until:
            self.clock.now += STEP_S
            for each in self.sessions:
                each.step(self.clock.now)
            self.stage.step()
            if self.clock.now >= describe_at:
                describe_at += DESCRIBED_EVERY_S
                self._describe()

    @property
    def sessions(self) -> list[SimulatedSession]:
        """Of all gateways."""
        return [each for gateway in self.gateways for each in gateway.sessions]

    def _describe(self) -> None:
        for each in self.gateways:
            self.stage.describe(each.load)
