"""Serve's proxy gets the middleware of frame channels; a replica with an HTTP server of its own gets none."""

import pytest
from ray import serve
from ray.serve._private.http_util import validate_http_proxy_callback_return
from starlette.middleware import Middleware

from deployments.frame_channel.proxy import FrameChannelMiddleware
from deployments.proxy import middlewares


def found() -> list[str]:
    return [repr(each) for each in validate_http_proxy_callback_return(middlewares())]


def test_the_proxy_offers_channels() -> None:
    assert found() == [repr(Middleware(FrameChannelMiddleware))]


def test_a_replica_that_serves_http_itself_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "get_replica_context", object)
    assert found() == []


def test_a_system_without_abstract_addresses_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.proxy.sys.platform", "darwin")
    assert found() == []
