"""Serve's proxy gets the middleware of frame channels; a replica with an HTTP server of its own gets none."""

import os

import pytest
from ray import serve
from ray.serve._private.http_util import validate_http_proxy_callback_return
from starlette.middleware import Middleware

from deployments.frame_channel.proxy import FrameChannelMiddleware
from deployments.http_server import TRUSTED_PROXIES
from deployments.http_server.bodies import BodyWindows
from deployments.http_server.requests import CleanHeaders, ShapedErrors
from deployments.proxy import middlewares
from sokuji.errors import ConfigError
from tests.deployments.http_server.serve_server import uvicorn_as_it_was

__all__ = ["uvicorn_as_it_was"]

AROUND = [repr(Middleware(each)) for each in (BodyWindows, ShapedErrors, CleanHeaders)]


def found() -> list[str]:
    return [repr(each) for each in validate_http_proxy_callback_return(middlewares())]


def test_the_proxy_offers_channels_and_believes_no_address_that_a_client_claims() -> None:
    assert found() == [repr(Middleware(FrameChannelMiddleware)), *AROUND]
    assert os.environ[TRUSTED_PROXIES] == ""


def test_a_replica_behind_haproxy_needs_no_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "get_replica_context", object)
    assert found() == AROUND
    assert TRUSTED_PROXIES not in os.environ


def test_proxies_that_are_named_stay_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUSTED_PROXIES, "10.0.0.5")
    found()
    assert os.environ[TRUSTED_PROXIES] == "10.0.0.5"


def test_a_system_without_abstract_addresses_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.proxy.sys.platform", "darwin")
    assert found() == AROUND


def test_a_variable_out_of_range_stops_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_PING_INTERVAL", "0")
    with pytest.raises(ConfigError, match="ws_ping_interval"):
        middlewares()
