"""What a log record is given and what is taken from it before a handler writes it.

It gets the ids of what is being worked on. Of an exception, types and lines of code stay, not its message: a
library that fails on a text may quote it, and no word that was spoken or written may stand in a log.
"""

import logging
import traceback
from collections.abc import Iterator

from sokuji.errors import SokujiError
from sokuji.telemetry import call_ids


def prepare(handler: logging.Handler) -> None:
    """Let the records that a handler writes have ids, and exceptions without messages; twice is once."""
    for each in (_add_ids, _omit_messages):
        handler.addFilter(each)


def _add_ids(record: logging.LogRecord) -> bool:
    vars(record).update(call_ids.current().items())
    return True


def _omit_messages(record: logging.LogRecord) -> bool:
    if record.exc_info and (error := record.exc_info[1]) is not None:
        # Formatters take this text, where it is set, instead of the exception.
        record.exc_text = "".join(_trace(error, set())).rstrip()
    return True


def _trace(error: BaseException, seen: set[int]) -> Iterator[str]:
    """The traceback of an exception and of those that led to it, oldest first."""
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        yield from _trace(earlier, seen)
        yield "\nwhich led to:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}{_safe_message(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            if id(each) not in seen:
                yield "\nin this group:\n\n"
                yield from _trace(each, seen)


def _safe_message(error: BaseException) -> str:
    """Of errors whose message is known to quote no speech."""
    if isinstance(error, SokujiError):
        return f": {error.message}"
    return f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
