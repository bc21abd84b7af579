"""Joins the engine's log to Serve's: a replica's log then holds both, with the same times and tags."""

import logging


def join() -> None:
    """Send what ``sokuji`` logs, from INFO up, where this replica's Serve log goes."""
    engine, serve = logging.getLogger("sokuji"), logging.getLogger("ray.serve")
    engine.handlers = serve.handlers
    engine.setLevel(logging.INFO)
    engine.propagate = False
