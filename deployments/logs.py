"""The log of the engine goes to Serve's log, so that a replica has one log with the same times and tags."""

import logging


def write_to_serve_log() -> None:
    """Send the log records of ``sokuji``, from INFO up, to the handlers of this replica's Serve log."""
    engine, serve = logging.getLogger("sokuji"), logging.getLogger("ray.serve")
    engine.handlers = serve.handlers
    engine.setLevel(logging.INFO)
    engine.propagate = False
