"""A client's connection as the registry of sessions sees it, which remembers what it is asked for."""


class FakeConnection:
    """See ``RegisteredConnection``."""

    def __init__(self, lag_ms: int = 0) -> None:
        self.lag_ms = lag_ms
        self.replaced = 0
        self.drained = 0

    def replace(self) -> None:
        """Count the call."""
        self.replaced += 1

    def drain(self) -> None:
        """Count the call."""
        self.drained += 1
