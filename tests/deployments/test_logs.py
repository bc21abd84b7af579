"""LOG_LEVEL sets what a replica and the Gateway log."""

import io
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


@pytest.fixture
def makers(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Any]]:
    """Make a replica of a stage, and one of the gateway."""
    # Without a cluster there is none to draw.
    monkeypatch.setenv(CLIENT_SECRET_KEY, "k" * MIN_SIGNING_KEY_BYTES)
    # Serve wraps the class in one that builds its HTTP app.
    gateway: Any = Gateway
    _, plain_gateway, *_ = gateway.func_or_class.__mro__
    # Serve awaits its destructor, garbage collection does not.
    undestroyed = type("Undestroyed", (plain_gateway,), {"__del__": lambda _: None})
    stage: Any = SpeechToText
    return [lambda: stage.func_or_class("faster_whisper"), lambda: undestroyed([], [], [])]


@pytest.mark.parametrize("name", ["DEBUG", "WARNING"])
def test_a_stage_and_the_gateway_take_it(
    name: str, makers: list[Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", name)
    for make in makers:
        logging.getLogger("sokuji").setLevel(logging.CRITICAL)
        make()
        assert levels() == [getattr(logging, name)] * 2


async def test_it_holds_and_records_stay_prepared_when_serve_makes_its_handlers_anew(
    makers: list[Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    serve, engine = (logging.getLogger(name) for name in ("ray.serve", "sokuji"))
    for logger in (serve, engine):
        monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])
    spoken = "good morning"
    for make in makers:
        replica = make()

        async def reconfigured(replica: Any = replica) -> None:
            with pytest.raises(ConfigError):
                await replica.reconfigure({"no_setting": 1})

        for act in (reconfigured, replica.check_health):
            # As ``ray.serve._private.logging_utils.configure_component_logger`` does.
            written = io.StringIO()
            serve.handlers.clear()
            serve.setLevel(logging.INFO)
            serve.addHandler(logging.StreamHandler(written))
            await act()
            assert levels() == [logging.DEBUG] * 2
            try:
                raise ValueError(spoken)
            except ValueError:
                engine.exception("it failed")
            assert "it failed" in written.getvalue()
            assert "ValueError" in written.getvalue()
            assert spoken not in written.getvalue()


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(ConfigError, match="LOG_LEVEL=loud is not a log level"):
        logs.write_to_serve_log()
