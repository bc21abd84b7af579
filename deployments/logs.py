"""The log of the engine goes to Serve's log, so that a replica has one log with the same times and tags.

Ray Serve writes, encodes (``logging_config: {encoding: JSON}``) and rotates it. What Ray cannot know, the ids
of sessions and segments, is added to every record, Ray's own included, and no exception's message is written.
"""

import logging
import os

from sokuji.config import LOG_LEVEL, parse_log_level
from sokuji.telemetry import log_records


def prepare_serve_log() -> None:
    """Give the records of Serve in this process ids, and take the messages of exceptions from them."""
    for handler in logging.getLogger("ray.serve").handlers:
        log_records.prepare(handler)


def write_to_serve_log() -> None:
    """Send the log records of ``sokuji`` to the handlers of this replica's Serve log.

    ``LOG_LEVEL`` sets the level of both logs. To be called again and again: whenever Serve reconfigures a
    replica, be it for its rank alone, it may make its handlers anew and set its own level.

    Raises:
        ConfigError: ``LOG_LEVEL`` names no level.
    """
    engine, serve = logging.getLogger("sokuji"), logging.getLogger("ray.serve")
    level = parse_log_level()
    prepare_serve_log()
    engine.handlers = serve.handlers
    engine.setLevel(level)
    engine.propagate = False
    if os.environ.get(LOG_LEVEL):
        serve.setLevel(level)
