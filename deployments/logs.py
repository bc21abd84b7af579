"""The log of the engine goes to Serve's log, so that a replica has one log with the same times and tags."""

import logging
import os

from sokuji.config import LOG_LEVEL, parse_log_level


def write_to_serve_log() -> None:
    """Send the log records of ``sokuji`` to the handlers of this replica's Serve log.

    ``LOG_LEVEL`` sets the level of both logs.

    Raises:
        ConfigError: ``LOG_LEVEL`` names no level.
    """
    engine, serve = logging.getLogger("sokuji"), logging.getLogger("ray.serve")
    level = parse_log_level()
    engine.handlers = serve.handlers
    engine.setLevel(level)
    engine.propagate = False
    if os.environ.get(LOG_LEVEL):
        serve.setLevel(level)
