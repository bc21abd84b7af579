"""What Serve's HTTP proxy loads at its start, where ``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`` names it.

The launcher sets that variable to ``deployments.proxy:middlewares``. In HAProxy mode each gateway replica has
an HTTP server of its own, for which Serve calls it as well.
"""

import sys

from ray import serve
from ray.serve.exceptions import RayServeException
from starlette.middleware import Middleware

from deployments.frame_channel.proxy import FrameChannelMiddleware


def middlewares() -> list[Middleware]:
    """The middleware of this process: frame channels, where it is a proxy on a system that has them."""
    try:
        serve.get_replica_context()
    except RayServeException:
        # Linux alone has the abstract addresses of unix(7).
        return [Middleware(FrameChannelMiddleware)] if sys.platform == "linux" else []
    return []
