"""The pages for a browser: one to try the service, and the docs. None of them loads anything from elsewhere.

Each page has a Content Security Policy (https://www.w3.org/TR/CSP3/), so that this holds whatever the page
contains, and so that no other site can frame it.
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

from sokuji.api.limits import route_path

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
    """The page and its headers; only the script and the style that it really has may run."""
    html = (files("sokuji.api") / "web" / "index.html").read_text("utf-8")
    script, style = _hash_of("script", html), _hash_of("style", html)
    policy = (
        # blob: is the audio worklet, and the translated file that is played.
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


class PagePolicies:
    """Adds its Content Security Policy to the answers of a path.

    Args:
        policies: path -> policy.
    """

    def __init__(self, app: ASGIApp, policies: Mapping[str, str]) -> None:
        self._app = app
        self._policies = policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and mark its answer."""
        policy = self._policies.get(route_path(scope)) if scope["type"] == "http" else None
        if policy is None:
            await self._app(scope, receive, send)
            return

        async def marking(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = policy
            await send(message)

        await self._app(scope, receive, marking)
