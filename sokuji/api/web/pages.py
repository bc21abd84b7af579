"""The pages for a browser: to translate in, and for captions on a screen. They load nothing from elsewhere.

A Content Security Policy (https://www.w3.org/TR/CSP3/) enforces this, whatever a page contains, and keeps
other sites from framing it.
"""

from collections.abc import Mapping
from html import escape

from fastapi import APIRouter, Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.path_prefix import route_path
from sokuji.api.web.assets import assets, media_type

_SELF_ONLY = (
    "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# blob: serves the translated recording that is played.
_PAGE_POLICY = (
    f"{_SELF_ONLY}; script-src 'self'; style-src 'self'; media-src 'self' blob:; img-src 'self' data:"
)
# Swagger UI and ReDoc come with inline scripts and styles, and ReDoc starts a worker from a blob.
DOCS_POLICY = (
    f"{_SELF_ONLY}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; worker-src blob:"
)
_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_ALWAYS = "no-cache"
_ASSETS_PLACEHOLDER = "{assets}"

router = APIRouter(include_in_schema=False)


def page(name: str, scope: Scope) -> HTMLResponse:
    """A page of ``static``, whose files are loaded from the path prefix of the request."""
    base = f"{scope.get('root_path', '')}/web/{assets().version}"
    html = assets().texts[f"{name}.html"].replace(_ASSETS_PLACEHOLDER, escape(base))
    headers = {
        "Cache-Control": _ASK_ALWAYS,
        "Content-Security-Policy": _PAGE_POLICY,
        "Permissions-Policy": "microphone=(self)",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Vary": "Accept",
    }
    return HTMLResponse(html, headers=headers)


@router.get("/overlay")
async def overlay(request: Request) -> HTMLResponse:
    """Captions on a transparent background, for a screen or for OBS."""
    return page("overlay", request.scope)


@router.get("/listen")
async def listen(request: Request) -> HTMLResponse:
    """Somebody else's broadcast, in a language of the listener's choice."""
    return page("listen", request.scope)


@router.get("/web/{version}/{name}")
async def asset(version: str, name: str) -> Response:
    """A style sheet or a module. That of another version is answered too, as gateways change one by one."""
    text, kind = assets().texts.get(name), media_type(name)
    if text is None or kind is None or kind == "text/html":
        raise HTTPException(404)
    headers = {
        "Cache-Control": _FOR_GOOD if version == assets().version else _ASK_ALWAYS,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


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
