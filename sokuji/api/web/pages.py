"""The pages for a browser: one to try the service, and the documentation. They load nothing from other hosts.

A Content Security Policy (https://www.w3.org/TR/CSP3/) enforces this, whatever a page contains, and keeps
other sites from framing it.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.path_prefix import route_path

_SELF_ONLY = (
    "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI and ReDoc come with inline scripts and styles, and ReDoc starts a worker from a blob.
DOCS_POLICY = (
    f"{_SELF_ONLY}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; worker-src blob:"
)


@lru_cache(maxsize=1)
def _web_page() -> tuple[str, dict[str, str]]:
    """The page and its headers, which allow only the script and the style that the page contains."""
    html = (files("sokuji.api") / "web" / "index.html").read_text("utf-8")
    script, style = _hash_of("script", html), _hash_of("style", html)
    policy = (
        # blob: serves the audio worklet, and the translated file that is played.
        f"{_SELF_ONLY}; script-src '{script}' blob:; style-src '{style}'; media-src blob:; img-src data:"
    )
    return html, {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "microphone=(self)",
        "Vary": "Accept",
    }


def _hash_of(tag: str, html: str) -> str:
    (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def web_page() -> HTMLResponse:
    """The page to try the service."""
    html, headers = _web_page()
    return HTMLResponse(html, headers=headers)


class ContentSecurityPolicies:
    """Middleware that adds a path's Content Security Policy to its responses.

    Args:
        policies: path -> policy.
    """

    def __init__(self, app: ASGIApp, policies: Mapping[str, str]) -> None:
        self._app = app
        self._policies = policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the header to its response."""
        policy = self._policies.get(route_path(scope)) if scope["type"] == "http" else None
        if policy is None:
            await self._app(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = policy
            await send(message)

        await self._app(scope, receive, send_with_policy)
