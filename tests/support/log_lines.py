"""Everything that a process logs, as a handler of the service would write it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sokuji.telemetry import log_records


class _Lines(logging.Handler):
    """Keeps lines with everything that a record has."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        log_records.prepare(self)

    def emit(self, record: logging.LogRecord) -> None:
        shown = {name: value for name, value in vars(record).items() if name not in ("exc_info", "args")}
        self.lines.append(f"{self.format(record)} {shown}")


@contextmanager
def all_lines() -> Iterator[list[str]]:
    """Everything that any logger records at any level, until the end of the block."""
    root, handler = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
