"""What a client may still use of a limit, as responses tell it."""

from typing import NamedTuple


class Allowance(NamedTuple):
    """What is left of one limit."""

    name: str
    """Of what is counted: ``requests``, ``audio-seconds``, ``characters``."""
    limit: int
    remaining: int
    reset_s: float
    """Seconds until all of it is left again, if the client uses no more."""

    @property
    def headers(self) -> dict[str, str]:
        """As OpenAI sends it with each response."""
        return {
            f"x-ratelimit-limit-{self.name}": str(self.limit),
            f"x-ratelimit-remaining-{self.name}": str(self.remaining),
            f"x-ratelimit-reset-{self.name}": f"{self.reset_s:.3f}s",
        }
