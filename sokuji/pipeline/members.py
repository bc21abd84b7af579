"""The providers of each stage: what they can do, whether they answer, and which of them can be called.

A stage works with the providers that have described themselves. After a start it waits for all of them, but
not indefinitely: a fallback must be able to serve while the preferred provider loads, or if it never comes.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from sokuji.admission.provider_load import ProviderLoad
from sokuji.config import ResilienceSettings
from sokuji.contract import (
    Diarizer,
    DiarizerInfo,
    Recogniser,
    RecogniserInfo,
    StageName,
    Synthesiser,
    SynthesiserInfo,
    Translator,
    TranslatorInfo,
    WorkerReport,
)
from sokuji.errors import Overloaded, SokujiError
from sokuji.pipeline.circuit_breaker import CircuitBreaker
from sokuji.pipeline.circuit_breaker import State as CircuitState

log = logging.getLogger(__name__)

State = Literal["ready", "uninitialized", "initializing", "error", "stopped"]

DESCRIBE_TIMEOUT_S = 5.0
MAX_MISSES = 3
"""Descriptions in a row that may fail before a provider counts as broken; a busy provider may miss one."""
STARTUP_PATIENCE_S = 60.0
"""After this time the service starts with the providers that answer, if each stage has one."""


class ProviderInfo(Protocol):
    """What all ``*Info`` classes have in common."""

    @property
    def provider(self) -> str:
        """The provider's name."""

    @property
    def model(self) -> str:
        """The model that it runs."""

    @property
    def workers(self) -> WorkerReport | None:
        """How busy its workers are."""

    @property
    def scales_to_zero(self) -> bool:
        """Whether its processes are ended while nobody calls it."""


ProviderT = TypeVar("ProviderT")
InfoT = TypeVar("InfoT", bound=ProviderInfo)


@dataclass(frozen=True)
class StageProviders:
    """The providers of each stage, in order of preference."""

    stt: Sequence[Recogniser]
    translation: Sequence[Translator]
    tts: Sequence[Synthesiser]
    speakers: Sequence[Diarizer] = ()
    """None: speakers are not told apart."""


@dataclass(frozen=True)
class Member(Generic[ProviderT, InfoT]):
    """A provider that can be called: it has described itself."""

    provider: ProviderT
    info: InfoT
    breaker: CircuitBreaker
    load: ProviderLoad
    """Is told of every answer."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """The state of a provider that has described itself."""

    provider: str
    model: str
    state: State
    circuit: CircuitState


class ProviderMonitor(Generic[ProviderT, InfoT]):
    """Describes one provider periodically, and so tracks whether it answers.

    Args:
        provider: the provider.
        describe: its ``describe``.
        breaker: its circuit breaker.
        load: is told of every description.
    """

    def __init__(
        self,
        provider: ProviderT,
        describe: Callable[[], Awaitable[InfoT]],
        breaker: CircuitBreaker,
        load: ProviderLoad,
    ) -> None:
        self.breaker = breaker
        self.load = load
        self.state: State = "uninitialized"
        self.member: Member[ProviderT, InfoT] | None = None
        """None until the provider has described itself for the first time."""
        self._provider, self._describe = provider, describe
        self._created_at = time.monotonic()
        self._misses = 0

    @property
    def status(self) -> ProviderStatus | None:
        """The provider and its state; None until it has described itself."""
        if self.member is None:
            return None
        info = self.member.info
        return ProviderStatus(info.provider, info.model, self.state, self.breaker.state)

    @property
    def is_missing(self) -> bool:
        """Whether the last description failed."""
        return self._misses > 0

    @property
    def may_rest(self) -> bool:
        """Whether it is well, and a description would keep its processes from being ended."""
        return (
            self.member is not None
            and self.member.info.scales_to_zero
            and self.state == "ready"
            and not self.is_missing
        )

    async def refresh(self, stage: StageName) -> None:
        """Update the provider's description, and note whether it answers; cheap, no inference."""
        if self.state == "uninitialized":
            self.state = "initializing"
        try:
            async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
                info = await self._describe()
        except Overloaded:
            self._misses = 0
        except (SokujiError, TimeoutError) as error:
            self._misses += 1
            self.breaker.missed()
            if self.state == "ready" and self._misses >= MAX_MISSES:
                self.state = "error"
            log.info("%s does not answer: %s", self.breaker.name, str(error) or "timed out")
        else:
            self.breaker.name = f"{stage} {info.provider}"
            if self.member is None:
                self.breaker.outage.learn(time.monotonic() - self._created_at)
            self.breaker.described()
            self.member = Member(self._provider, info, self.breaker, self.load)
            self.load.described(info.provider, info.workers)
            self.state, self._misses = "ready", 0


def _monitor(
    provider: ProviderT,
    describe: Callable[[], Awaitable[InfoT]],
    name: str,
    rules: Callable[[], ResilienceSettings],
    load: ProviderLoad,
) -> ProviderMonitor[ProviderT, InfoT]:
    breaker = CircuitBreaker(name, rules, replicas=lambda: load.replicas)
    return ProviderMonitor(provider, describe, breaker, load)


class Stage(Generic[ProviderT, InfoT]):
    """One stage of the pipeline and its providers.

    Args:
        name: the stage.
        providers: each provider and its ``describe``, in order of preference.
        rules: the settings of their circuit breakers.
    """

    def __init__(
        self,
        name: StageName,
        providers: Iterable[tuple[ProviderT, Callable[[], Awaitable[InfoT]]]],
        rules: Callable[[], ResilienceSettings],
    ) -> None:
        self.name = name
        self.monitors = [
            _monitor(provider, describe, f"{name} provider {number}", rules, ProviderLoad(name))
            for number, (provider, describe) in enumerate(providers, start=1)
        ]
        self.complete = False
        """Whether the stage can serve: all providers answer, or the time to wait for the others is over."""
        self._created_at = time.monotonic()

    @property
    def members(self) -> tuple[Member[ProviderT, InfoT], ...]:
        """The providers that can be called, in order of preference."""
        return tuple(each.member for each in self.monitors if each.member is not None)

    @property
    def available(self) -> tuple[Member[ProviderT, InfoT], ...]:
        """Those of ``members`` that answer and whose circuit is not open."""
        return tuple(
            each.member
            for each in self.monitors
            if each.member is not None and each.state == "ready" and each.breaker.state != "open"
        )

    @property
    def statuses(self) -> list[ProviderStatus]:
        """The states of the providers that have described themselves, in order of preference."""
        return [status for each in self.monitors if (status := each.status) is not None]

    @property
    def state(self) -> State:
        """The best state of its providers; not ``ready`` before the stage is complete."""
        states = [each.state for each in self.monitors]
        if "ready" in states:
            return "ready" if self.complete else "initializing"
        return next((state for state in ("error", "initializing") if state in states), "uninitialized")

    async def refresh(self, *, in_use: bool = True) -> None:
        """Refresh all providers; unless the service is in use, without those that may rest."""
        due = [each for each in self.monitors if in_use or not each.may_rest]
        await asyncio.gather(*(each.refresh(self.name) for each in due))
        described = len(self.members)
        waited = time.monotonic() - self._created_at > STARTUP_PATIENCE_S
        self.complete = described == len(self.monitors) or (waited and described > 0)


RecogniserMember = Member[Recogniser, RecogniserInfo]
TranslatorMember = Member[Translator, TranslatorInfo]
SynthesiserMember = Member[Synthesiser, SynthesiserInfo]
DiarizerMember = Member[Diarizer, DiarizerInfo]
RecognitionStage = Stage[Recogniser, RecogniserInfo]
TranslationStage = Stage[Translator, TranslatorInfo]
SynthesisStage = Stage[Synthesiser, SynthesiserInfo]
DiarizationStage = Stage[Diarizer, DiarizerInfo]
AnyStage = RecognitionStage | TranslationStage | SynthesisStage | DiarizationStage
