"""For whom the stages are called: a session, or a REST call."""

from collections.abc import Callable
from dataclasses import dataclass


def always() -> bool:
    """Live speech."""
    return True


def never() -> bool:
    """Recordings and texts."""
    return False


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls the stages; all requests of one caller share its turns (``StageRequest``)."""

    name: str = ""
    is_live: Callable[[], bool] = always
    """Whether somebody listens as the speech goes on. It is asked with every request: a session that sends a
    file faster than speech is not live until it has been worked off."""
