"""The stages of a service: their providers, the settings of calls to them, what they do together.

``preferring`` gives a view with another order of the providers, for a client that names one of them, and
``on_behalf_of`` one whose calls are those of a caller. Views share everything else: what is learnt of a
provider, and a changed setting, holds in all of them.
"""

import asyncio
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sokuji.admission.provider_load import ProviderLoad
from sokuji.config import Deadlines, ResilienceSettings
from sokuji.contract import StageName
from sokuji.errors import Overloaded
from sokuji.pipeline.caller import Caller
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.members import (
    AnyStage,
    DiarizationStage,
    RecognitionStage,
    Stage,
    StageProviders,
    State,
    SynthesisStage,
    TranslationStage,
)


@dataclass(slots=True)
class _Shared:
    """What all views of the stages see change."""

    deadlines: Deadlines
    resilience: ResilienceSettings
    catalogue: Catalogue | None = None
    """None: not all stages have described themselves."""


class ServedStages:
    """The stages of a service.

    Args:
        providers: of each stage; a stage may have none.
        deadlines: of the calls to each stage; may be replaced at any time, as may ``resilience``.
        resilience: settings of retries, fallback and circuit breakers; None: the defaults.
    """

    def __init__(
        self, providers: StageProviders, deadlines: Deadlines, resilience: ResilienceSettings | None = None
    ) -> None:
        self._shared = _Shared(deadlines, resilience or ResilienceSettings())
        self._preferred: Mapping[StageName, str] = {}
        self.caller = Caller()
        """For whom the stages are called."""
        self.stt: RecognitionStage = Stage(
            "stt", [(each, each.describe) for each in providers.stt], lambda: self.resilience
        )
        self.translation: TranslationStage = Stage(
            "translation", [(each, each.describe) for each in providers.translation], lambda: self.resilience
        )
        self.tts: SynthesisStage = Stage(
            "tts", [(each, each.describe) for each in providers.tts], lambda: self.resilience
        )
        self.speakers: DiarizationStage = Stage(
            "speakers", [(each, each.describe) for each in providers.speakers], lambda: self.resilience
        )

    def preferring(self, providers: Mapping[StageName, str]) -> Self:
        """A view in which a provider of a stage is called before the others; none named: the order stays."""
        if not providers:
            return self
        view = copy.copy(self)
        view._preferred = {**self._preferred, **providers}
        return view

    def on_behalf_of(self, caller: Caller) -> Self:
        """A view whose calls are those of ``caller``."""
        view = copy.copy(self)
        view.caller = caller
        return view

    @property
    def deadlines(self) -> Deadlines:
        """Of the calls to each stage."""
        return self._shared.deadlines

    @deadlines.setter
    def deadlines(self, deadlines: Deadlines) -> None:
        self._shared.deadlines = deadlines

    @property
    def resilience(self) -> ResilienceSettings:
        """Settings of retries, fallback and circuit breakers."""
        return self._shared.resilience

    @resilience.setter
    def resilience(self, resilience: ResilienceSettings) -> None:
        self._shared.resilience = resilience

    @property
    def stages(self) -> tuple[AnyStage, ...]:
        """The stages in the order in which speech passes them; telling speakers apart is optional."""
        spoken = self.stt, self.translation, self.tts
        return (*spoken, self.speakers) if self.speakers.monitors else spoken

    @property
    def loads(self) -> list[ProviderLoad]:
        """The loads of all providers, in order of preference within each stage."""
        return [monitor.load for stage in self.stages for monitor in stage.monitors]

    @property
    def health(self) -> dict[StageName, State]:
        """The state of each stage."""
        return {stage.name: stage.state for stage in self.stages}

    @property
    def catalogue(self) -> Catalogue:
        """What the members of the stages can do.

        Raises:
            Overloaded: the service is starting, and not all stages can serve yet.
        """
        catalogue = self._shared.catalogue
        if catalogue is None:
            waiting = [name for name, state in self.health.items() if state != "ready"]
            raise Overloaded(f"still starting ({', '.join(waiting)}); try again shortly", retry_after_s=5)
        return catalogue.preferring(self._preferred) if self._preferred else catalogue

    @property
    def available(self) -> Catalogue:
        """What the providers can do that would be called now."""
        return Catalogue(
            self.stt.available, self.translation.available, self.tts.available, self.speakers.available
        )

    async def refresh(self, *, in_use: bool = True) -> None:
        """Update the descriptions of all providers, and note which of them answer; cheap, no inference.

        Args:
            in_use: whether there is a session; otherwise providers that scale to zero are left alone.
        """
        await asyncio.gather(*(stage.refresh(in_use=in_use) for stage in self.stages))
        if not all(stage.complete for stage in self.stages):
            return
        catalogue = Catalogue(
            self.stt.members, self.translation.members, self.tts.members, self.speakers.members
        )
        # An unchanged catalogue stays, with the properties that it has cached.
        if catalogue != self._shared.catalogue:
            self._shared.catalogue = catalogue
