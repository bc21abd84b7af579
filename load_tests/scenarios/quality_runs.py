"""What ``quality`` measures in one run of a service: each speech with each commitment and setting."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, cast

from load_tests.scenarios.service import GatewaySetting, ServiceUnderTest
from load_tests.scenarios.sessions import Scenario, ServiceSession, run_scenario
from load_tests.scenarios.talk import TalkKind, talk
from sokuji.protocol import Commit

RECORDINGS: Literal["recordings"] = "recordings"
SpeechKind = Literal["recordings"] | TalkKind


@dataclass(frozen=True, slots=True)
class QualityRun:
    """What is said, and how it is committed."""

    source: str
    """Language spoken."""
    speech: SpeechKind
    commit: Commit | None
    """None: as the service is configured."""
    setting: GatewaySetting | None
    """None: all as the service is configured."""

    @property
    def label(self) -> str:
        """What distinguishes it from other runs of its language."""
        return ", ".join(str(each) for each in (self.speech, self.commit, self.setting) if each)


def runs(
    sources: Sequence[str], kinds: Sequence[str], commits: Sequence[str], settings: Sequence[GatewaySetting]
) -> list[QualityRun]:
    """All combinations; a setting is changed as rarely as possible. Names must have been checked."""
    return [
        QualityRun(source, cast(SpeechKind, kind), cast(Commit, commit) if commit else None, setting)
        for setting in settings or (None,)
        for source in sources
        for kind in kinds
        for commit in commits
    ]


async def speak(
    service: ServiceUnderTest, scenario: Scenario, runs: Sequence[QualityRun]
) -> list[list[ServiceSession]]:
    """The sessions of each run; raises the error that ended one of them."""
    spoken = []
    for setting, group in groupby(runs, lambda run: run.setting):
        if setting is not None:
            await service.change(setting)
        for run in group:
            sessions = await run_scenario(service.url, await _scenario(scenario, run), keep_responses=True)
            for failure in (session.failure for session in sessions if session.failure):
                raise failure
            spoken.append(sessions)
    return spoken


async def _scenario(scenario: Scenario, run: QualityRun) -> Scenario:
    config = replace(scenario.config, source_language=run.source, commit=run.commit)
    said = None if run.speech == RECORDINGS else await talk(run.source, run.speech)
    return replace(scenario, config=config, talk=said)
