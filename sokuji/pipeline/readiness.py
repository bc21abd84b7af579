"""Whether a translation would work now, as of the last refresh; no provider is called."""

from typing import Literal

from sokuji.contract import StageName
from sokuji.errors import UnsupportedLanguage
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.served_stages import ServedStages
from sokuji.pipeline.voice_selection import DEFAULT_VOICE

StageReadiness = Literal["ready", "starting", "unreachable", "failing"]
"""``unreachable``: no provider answers. ``failing``: those that answer failed their last calls."""


def stage_readiness(stages: ServedStages) -> dict[StageName, StageReadiness]:
    """The readiness of each stage: one provider that works is enough."""
    return {
        stage.name: "starting"
        if not stage.complete
        else "ready"
        if stage.available
        else "failing"
        if stage.state == "ready"
        else "unreachable"
        for stage in stages.stages
    }


def unready_pair(stages: ServedStages, source: str | None, target: str | None, *, speak: bool) -> str | None:
    """Why speech in ``source`` cannot be translated to ``target`` now; None: it can.

    Args:
        source, target: canonical codes; None: any.
        speak: whether a voice is needed as well.

    Raises:
        UnsupportedLanguage: it never can, whatever works; the message lists what is served.
        Overloaded: the service is starting.
    """
    _check(stages.catalogue, source, target, speak=speak)
    try:
        _check(stages.available, source, target, speak=speak)
    except UnsupportedLanguage as missing:
        return missing.message
    return None


def _check(catalogue: Catalogue, source: str | None, target: str | None, *, speak: bool) -> None:
    if source is not None:
        catalogue.check_spoken(source, param="source")
    if target is None:
        return
    try:
        catalogue.check_speech_pair(source, target)
    except UnsupportedLanguage as refusal:
        raise UnsupportedLanguage(refusal.message, param="target") from None
    if speak:
        catalogue.voices_for(DEFAULT_VOICE, target, param="target")
