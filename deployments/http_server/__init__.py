"""The HTTP server of Serve's proxy, with the bounds that Serve leaves out.

Serve runs uvicorn, and nothing that it accepts sets uvicorn's limits. uvicorn looks its protocols up in two
tables by name; ``install`` puts the protocols of this package there before the proxy starts its server, and
each HAProxy replica its own. They are uvicorn's, with bounds on the bytes and the time of what is not
complete yet, and with ``ProxySettings``.

Addresses that a client claims (``X-Forwarded-For``) are believed from the proxies in uvicorn's variable
``FORWARDED_ALLOW_IPS`` only. Its default is every process of this machine, which is right behind HAProxy.
"""

import os

from uvicorn.config import HTTP_PROTOCOLS, WS_PROTOCOLS

from deployments.http_server.http import BoundedHttpProtocol
from deployments.http_server.websocket import BoundedWebSocketProtocol
from sokuji.config import parse_proxy

TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"


def install(*, behind_haproxy: bool) -> None:
    """Let servers that this process starts from now on have the bounds.

    Args:
        behind_haproxy: whether HAProxy is in front of the server, on this machine.

    Raises:
        ConfigError: a variable is out of range.
    """
    BoundedWebSocketProtocol.settings = parse_proxy(os.environ)
    if not behind_haproxy:
        os.environ.setdefault(TRUSTED_PROXIES, "")
    HTTP_PROTOCOLS["auto"] = f"{BoundedHttpProtocol.__module__}:{BoundedHttpProtocol.__name__}"
    WS_PROTOCOLS["auto"] = f"{BoundedWebSocketProtocol.__module__}:{BoundedWebSocketProtocol.__name__}"
