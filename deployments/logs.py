"""Joins the engine's log to Serve's: a replica's log then holds both, with the same times and tags."""

import logging
import os

from sokuji.config import LOG_LEVEL, parse_log_level


def join() -> None:
    """Send what ``sokuji`` logs where this replica's Serve log goes; LOG_LEVEL sets the level of both.

    Raises:
        ConfigError: LOG_LEVEL names no level.
    """
    engine, serve = logging.getLogger("sokuji"), logging.getLogger("ray.serve")
    level = parse_log_level()
    engine.handlers = serve.handlers
    engine.setLevel(level)
    engine.propagate = False
    if os.environ.get(LOG_LEVEL):
        serve.setLevel(level)
