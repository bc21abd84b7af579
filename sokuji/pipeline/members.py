"""The providers of each stage as the gateway knows them: what they can do, how they are, whether to ask them.

A stage works with those of its providers that answer. At the start all of them are waited for, but not for
ever: a fallback must be able to serve while the preferred model is still loading, or never comes.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

from sokuji.config import ResilienceSettings
from sokuji.contract import (
    Recogniser,
    RecogniserInfo,
    StageName,
    Synthesiser,
    SynthesiserInfo,
    Translator,
    TranslatorInfo,
)
from sokuji.errors import Overloaded, SokujiError
from sokuji.pipeline.circuit_breaker import CircuitBreaker

log = logging.getLogger(__name__)

State = Literal["ready", "uninitialized", "initializing", "error", "stopped"]

DESCRIBE_TIMEOUT_S = 5.0
MISSES_OF_A_BROKEN_PROVIDER = 3
STARTUP_PATIENCE_S = 60.0
"""After this the service begins with those providers that are there, if each stage has one."""


class ProviderInfo(Protocol):
    """What all ``*Info`` have."""

    @property
    def provider(self) -> str:
        """The provider's name."""

    @property
    def model(self) -> str:
        """What it runs."""


class Describing(Protocol):
    """What all providers have."""

    async def describe(self) -> Any:
        """What it can do."""


ProviderT = TypeVar("ProviderT", bound=Describing)
InfoT = TypeVar("InfoT", bound=ProviderInfo)


@dataclass(frozen=True)
class StageProviders:
    """The providers of each stage, in order of preference."""

    stt: Sequence[Recogniser]
    translation: Sequence[Translator]
    tts: Sequence[Synthesiser]


@dataclass(eq=False)
class Member(Generic[ProviderT, InfoT]):
    """One provider of a stage."""

    provider: ProviderT
    breaker: CircuitBreaker
    info: InfoT | None = None
    """What it can do; None: it has never answered."""
    state: State = "uninitialized"
    _misses: int = 0

    @property
    def known(self) -> InfoT:
        """What it can do, of one that is present."""
        if self.info is None:
            raise RuntimeError("a provider that has never answered was asked to work")
        return self.info

    async def refresh(self, what: str) -> None:
        """Ask what it can do, and note whether it answers; cheap, no inference."""
        if self.state == "uninitialized":
            self.state = "initializing"
        try:
            async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
                self.info = cast(InfoT, await self.provider.describe())
            self.breaker.name = f"{what} {self.info.provider}"
            self.state, self._misses = "ready", 0
        except Overloaded:
            self._misses = 0
        except (SokujiError, TimeoutError) as error:
            self._misses += 1
            # One that is only busy may miss one.
            if self.state == "ready" and self._misses >= MISSES_OF_A_BROKEN_PROVIDER:
                self.state = "error"
            log.info("%s does not answer: %s", self.breaker.name, str(error) or "timed out")


@dataclass(eq=False)
class Stage(Generic[ProviderT, InfoT]):
    """All providers of one stage, in order of preference."""

    name: StageName
    members: list[Member[ProviderT, InfoT]]
    began: float = field(default_factory=time.monotonic)
    complete: bool = False
    """Whether it can begin: all are there, or the time to wait for the others is over."""

    @classmethod
    def of(
        cls, name: StageName, providers: Sequence[ProviderT], rules: Callable[[], ResilienceSettings]
    ) -> "Stage[ProviderT, InfoT]":
        """None of them has been asked yet; ``rules`` are those of their circuits."""
        return cls(
            name,
            [
                Member(provider, CircuitBreaker(f"{name} provider {number + 1}", rules))
                for number, provider in enumerate(providers)
            ],
        )

    async def refresh(self) -> None:
        """Ask all of them."""
        await asyncio.gather(*(member.refresh(self.name) for member in self.members))
        waited = time.monotonic() - self.began > STARTUP_PATIENCE_S
        self.complete = len(self.present) == len(self.members) or (waited and bool(self.present))

    @property
    def present(self) -> list[Member[ProviderT, InfoT]]:
        """Those that have said what they can do."""
        return [member for member in self.members if member.info is not None]

    @property
    def state(self) -> State:
        """Of the stage: it is as well as the best of its providers once it has begun."""
        states = [member.state for member in self.members]
        if "ready" in states:
            return "ready" if self.complete else "initializing"
        return next((state for state in ("error", "initializing") if state in states), "uninitialized")


RecognitionStage = Stage[Recogniser, RecogniserInfo]
TranslationStage = Stage[Translator, TranslatorInfo]
SynthesisStage = Stage[Synthesiser, SynthesiserInfo]
