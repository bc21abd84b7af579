"""Whether one more session can be served well: the decision, and the state that explains it.

A session is let in if every provider has room for it: what its workers do now (reported by the providers,
for the calls of all gateways), what is reserved for sessions that have been let in and do not speak yet, and
what the newcomer is expected to need stay together below ``max_load`` of the workers. What a session needs is
the share of the time that sessions speak, times the cost of a second of speech, both learned. So sessions
that come at once are judged as what they will be, although nothing of them has been measured.

The first session of a gateway is let in, unless the providers are full with the sessions of other gateways:
whatever it costs, the machine can do no better than serve one.
"""

import math
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from sokuji.admission.demand import ProviderDemand
from sokuji.admission.learned_cost import LearnedCost
from sokuji.admission.provider_load import ProviderLoad
from sokuji.admission.speech_activity import EXPECTED_WINDOW_S, SpeechActivity
from sokuji.config import AdmissionSettings
from sokuji.contract import ACTIVITIES, BUSY_WINDOW_S
from sokuji.errors import Overloaded

TYPICAL_ACTIVITY = 0.7
"""Share of the time that sessions are expected to speak before any has been heard..."""
TYPICAL_WEIGHT = 2
"""...which counts as much as this many sessions."""
TYPICAL_SESSION_S = 60.0
"""Duration of a session before any has ended."""
SMOOTHING = 0.1
"""Weight of the last session in the mean duration of sessions."""
REFUSED_WINDOW_S = 15.0
"""How long a session that was refused counts as demand: about the time after which its client asks again."""
RETRY_S = (1.0, 60.0)
"""The shortest and the longest time that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionState:
    """What admission knows."""

    sessions: int
    """Sessions of this gateway replica."""
    capacity: int | None
    """Sessions that it holds if they speak as they do now; None: no provider reports its workers."""
    refused: dict[str, int]
    """Refusals since the start, by reason."""
    providers: list[ProviderDemand]


class Admission:
    """Admits the sessions of one gateway replica.

    Args:
        settings: may be replaced at any time.
        loads: of all providers. One that reports no workers is judged by its queue alone.
        gateways: how many gateway replicas there are, among which newcomers are shared out.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        settings: AdmissionSettings,
        loads: Sequence[ProviderLoad],
        gateways: Callable[[], int] = lambda: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._costs = [(load, LearnedCost(load)) for load in loads]
        self._gateways = gateways
        self._clock = clock
        self._activities: weakref.WeakSet[SpeechActivity] = weakref.WeakSet()
        """Of the sessions that are let in. Weak: one that its door drops before it runs is forgotten."""
        self._mean_session_s = TYPICAL_SESSION_S
        self._refused_at: deque[float] = deque()
        self._refusals: Counter[str] = Counter()

    def admit(self) -> SpeechActivity:
        """Let a new session in.

        Raises:
            Overloaded: see ``check``.
        """
        self.check()
        return self.enter()

    def enter(self) -> SpeechActivity:
        """Let a session in without a check: it has been admitted before, and comes back."""
        activity = SpeechActivity(self._typical_activity, self._learn, self._clock)
        self._activities.add(activity)
        return activity

    def check(self) -> None:
        """Check whether there is room for a session.

        Raises:
            Overloaded: a provider has none; the message says which, ``retry_after_s`` when to try again.
        """
        if not self.settings.enabled:
            return
        demands = self._demands()
        if not self._sessions and (self._is_alone or not any(each.is_full for each in demands)):
            return
        full = [each for each in demands if each.full_by]
        if full:
            self._refused_at.append(self._clock())
            raise self._refusal(max(full, key=lambda each: each.load))

    def count_refusal(self, reason: str) -> None:
        """Count a session that was refused, for whatever reason."""
        self._refusals[reason] += 1

    @property
    def state(self) -> AdmissionState:
        """What admission knows now."""
        demands = self._demands()
        rooms = [each.room for each in demands if each.newcomer]
        count = len(self._sessions)
        return AdmissionState(
            sessions=count,
            capacity=max(1, count + math.floor(min(rooms))) if rooms else None,
            refused=dict(self._refusals),
            providers=demands,
        )

    @property
    def _is_alone(self) -> bool:
        """Whether there is no other gateway replica, whose sessions the providers could be busy with."""
        return self._gateways() <= 1

    @property
    def _sessions(self) -> list[SpeechActivity]:
        return [each for each in self._activities if not each.ended]

    @property
    def _typical_activity(self) -> float:
        """Share of the time that a session speaks, from those that are let in."""
        heard = [each.expected for each in self._sessions if each.was_heard]
        return fmean([*heard, *[TYPICAL_ACTIVITY] * TYPICAL_WEIGHT])

    def _learn(self) -> None:
        """Learn from what sessions have said, and providers done, since the last time."""
        settled_s = sum(each.take_settled() for each in self._activities)
        for _, cost in self._costs:
            cost.learn(settled_s)
        for each in [each for each in self._activities if each.ended]:
            self._activities.discard(each)
            self._mean_session_s += SMOOTHING * (self._clock() - each.began - self._mean_session_s)

    def _demands(self) -> list[ProviderDemand]:
        now = self._clock()
        while self._refused_at and self._refused_at[0] < now - REFUSED_WINDOW_S:
            self._refused_at.popleft()
        gateways = max(1, self._gateways())
        lead = gateways * sum(each.lead for each in self._sessions)
        typical = self._typical_activity
        first: dict[str, ProviderLoad] = {}
        for load, _ in self._costs:
            first.setdefault(load.stage, load)
        return [
            self._demand(load, learned, lead, typical, gateways, is_first=load is first[load.stage])
            for load, learned in self._costs
        ]

    def _demand(
        self,
        load: ProviderLoad,
        learned: LearnedCost,
        lead: float,
        typical: float,
        gateways: int,
        *,
        is_first: bool,
    ) -> ProviderDemand:
        limit = self.settings.max_load * load.workers
        start = limit / self.settings.initial_sessions / TYPICAL_ACTIVITY if is_first else 0.0
        cost = learned.value(start) if load.workers else 0.0
        return ProviderDemand(
            stage=load.stage,
            provider=load.provider,
            workers=load.workers,
            replicas=load.replicas,
            gateways=gateways,
            limit=limit,
            busy=load.busy,
            reserved=lead * cost,
            newcomer=typical * cost,
            refused=len(self._refused_at) * typical * cost,
            wait_s=load.wait_s,
            max_wait_s=self.settings.max_queue_wait_s,
        )

    def _refusal(self, full: ProviderDemand) -> Overloaded:
        retry_s = self._retry_after_s(full)
        what = f"{ACTIVITIES[full.stage]} ({full.provider})"
        why = (
            f"{what} is busy with {len(self._sessions)} sessions"
            if full.full_by == "busy"
            else f"requests wait {full.wait_s:.1f} s for {what}"
        )
        message = f"there is no room for another session: {why}; try again in {retry_s:.0f} s"
        self.count_refusal(full.full_by or "busy")
        return Overloaded(message, retry_after_s=retry_s)

    def _retry_after_s(self, full: ProviderDemand) -> float:
        """When there may be room: a queue is worked off, sessions prove to be silent, or one ends."""
        free = full.limit - full.busy - full.newcomer
        if full.full_by == "queue":
            retry_s = BUSY_WINDOW_S * math.log(full.wait_s / full.max_wait_s)
        elif 0 < free < full.reserved:
            retry_s = EXPECTED_WINDOW_S * math.log(full.reserved / free)
        else:
            retry_s = self._mean_session_s / max(1, len(self._sessions))
        shortest, longest = RETRY_S
        return float(math.ceil(min(max(retry_s, shortest), longest)))
