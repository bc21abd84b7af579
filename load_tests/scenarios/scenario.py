"""What is spoken to a system, by how many sessions, and what the sessions request."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from load_tests.scenarios.speech_samples import ScriptedSpeech, scripted_speech
from sokuji.client.config import Config

STAGGER_S = 4.0
"""The sessions of a level begin within this time, so that they do not speak in unison."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Sessions that speak at the same time."""

    config: Config
    """What each session requests, its language included."""
    sessions: int
    duration_s: float
    """Speech of each session."""
    run_on: int = 1
    """Recordings that are joined into one sentence without a pause that would end it."""
    deadline_s: float | None = None
    """How much longer than its speech a session may take; None: any time."""

    def speech(self, number: int) -> ScriptedSpeech:
        """What session ``number`` says; each begins with another recording."""
        return scripted_speech(self.config.source_language, self.duration_s, number, self.run_on)

    def at_level(self, sessions: int) -> "Scenario":
        """The same with another number of sessions."""
        return replace(self, sessions=sessions)

    def report(self) -> dict[str, Any]:
        """For JSON."""
        figures = asdict(self)
        return {**figures.pop("config"), **figures, "stagger_s": STAGGER_S}
