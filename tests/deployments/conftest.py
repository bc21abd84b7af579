"""Replicas and the Gateway take over the log of the engine; after each test it is as it was."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    """Levels, handlers and filters of the engine's log and of Serve's."""
    loggers = [logging.getLogger(name) for name in ("sokuji", "ray.serve")]
    before = [(log, log.level, log.handlers, log.propagate) for log in loggers]
    filters = [(handler, handler.filters[:]) for log in loggers for handler in log.handlers]
    yield
    for log, level, handlers, propagate in before:
        log.setLevel(level)
        log.handlers, log.propagate = handlers, propagate
    for handler, kept in filters:
        handler.filters = kept
