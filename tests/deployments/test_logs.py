"""LOG_LEVEL sets what a replica and the Gateway log."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from deployments import logs
from deployments.gateway import Gateway
from deployments.stt import SpeechToText
from sokuji.api.credentials import MIN_SIGNING_KEY_BYTES
from sokuji.config.variables import CLIENT_SECRET_KEY
from sokuji.errors import ConfigError

LOGGERS = ("sokuji", "ray.serve")


def levels() -> list[int]:
    return [logging.getLogger(name).getEffectiveLevel() for name in LOGGERS]


def test_without_it_the_engine_logs_from_info_and_serve_as_it_is_configured() -> None:
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    logs.write_to_serve_log()
    assert levels() == [logging.INFO, logging.ERROR]


@pytest.mark.parametrize("name", ["DEBUG", "WARNING"])
def test_a_stage_and_the_gateway_take_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", name)
    # Without a cluster there is none to draw.
    monkeypatch.setenv(CLIENT_SECRET_KEY, "k" * MIN_SIGNING_KEY_BYTES)
    # Serve wraps the class in one that builds its HTTP app.
    gateway: Any = Gateway
    _, plain_gateway, *_ = gateway.func_or_class.__mro__
    # Serve awaits its destructor, garbage collection does not.
    undestroyed = type("Undestroyed", (plain_gateway,), {"__del__": lambda _: None})
    stage: Any = SpeechToText
    makers: list[Callable[[], object]] = [
        lambda: stage.func_or_class("faster_whisper"),
        lambda: undestroyed([], [], []),
    ]
    for make in makers:
        logging.getLogger("sokuji").setLevel(logging.CRITICAL)
        make()
        assert levels() == [getattr(logging, name)] * 2


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(ConfigError, match="LOG_LEVEL=loud is not a log level"):
        logs.write_to_serve_log()
