"""The ids of what is being worked on: they go with every call, and stand in every log record.

A door binds the id of a request and of its session to the running task, and a session that of a segment;
tasks that are created meanwhile inherit them. ``StageRequest`` carries them to the processes of the stages,
which bind them again.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace

REQUEST_ID_HEADER = "X-Request-Id"
_REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


def is_request_id(text: str) -> bool:
    """Whether an id that a client has chosen is kept: it will stand in headers and in logs."""
    return _REQUEST_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallIds:
    """What a call belongs to; None: to nothing of that kind."""

    request_id: str | None = None
    """Of the REST call, or of the handshake of the socket."""
    session_id: str | None = None
    segment_id: int | None = None
    """Of the session."""

    def items(self) -> Iterator[tuple[str, str | int]]:
        """Name and value of each id that there is."""
        for each in fields(self):
            if (value := getattr(self, each.name)) is not None:
                yield each.name, value


_bound: ContextVar[CallIds] = ContextVar("call_ids", default=CallIds())  # noqa: B039 (it is immutable)


def current() -> CallIds:
    """The ids that are bound to the running task."""
    return _bound.get()


@contextmanager
def bound(ids: CallIds) -> Iterator[None]:
    """Bind ids in the place of those that are bound."""
    before = _bound.get()
    _bound.set(ids)
    try:
        yield
    finally:
        # Not by its token: an async generator may be closed by another task than has begun it.
        _bound.set(before)


@contextmanager
def in_session(session_id: str) -> Iterator[None]:
    """Bind a session, beside what is bound."""
    with bound(replace(_bound.get(), session_id=session_id)):
        yield


@contextmanager
def in_segment(segment_id: int) -> Iterator[None]:
    """Bind a segment, beside what is bound."""
    with bound(replace(_bound.get(), segment_id=segment_id)):
        yield
