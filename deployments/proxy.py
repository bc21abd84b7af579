"""What Serve's HTTP proxy loads at its start, where ``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`` names it.

The launcher sets that variable to ``deployments.proxy:middlewares``. In HAProxy mode each gateway replica has
an HTTP server of its own, for which Serve calls it as well.
"""

import sys

from ray import serve
from ray.serve.exceptions import RayServeException
from starlette.middleware import Middleware

from deployments import http_server, logs
from deployments.frame_channel.proxy import FrameChannelMiddleware
from deployments.http_server.bodies import BodyWindows
from deployments.http_server.requests import CleanHeaders, ShapedErrors


def middlewares() -> list[Middleware]:
    """The middleware of this process, the innermost first; its server gets its bounds, its log no messages.

    Frame channels are for a proxy, on a system that has them.

    Raises:
        ConfigError: a variable of the server is out of range.
    """
    logs.prepare_serve_log()
    around = [Middleware(BodyWindows), Middleware(ShapedErrors), Middleware(CleanHeaders)]
    is_proxy = not _is_replica()
    http_server.install(behind_haproxy=not is_proxy)
    # Linux alone has the abstract addresses of unix(7).
    channels = [Middleware(FrameChannelMiddleware)] if is_proxy and sys.platform == "linux" else []
    return [*channels, *around]


def _is_replica() -> bool:
    try:
        serve.get_replica_context()
    except RayServeException:
        return False
    return True
