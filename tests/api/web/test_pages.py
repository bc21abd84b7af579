"""How the pages and their files are served: types, caching, policy, path prefixes, no other host."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from sokuji.api.web.assets import assets, media_type
from tests.support.rest_client import rest_client

HTML = {"Accept": "text/html,*/*"}
PAGES = ("/", "/overlay", "/listen")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with rest_client() as (client, _):
        yield client


def place(name: str, version: str | None = None) -> str:
    return f"/web/{version or assets().version}/{name}"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_load_its_own_files_only(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path, headers=HTML)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"
    # An inline script or style would be blocked.
    assert not re.search(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=", response.text)
    assert "{assets}" not in response.text


@pytest.mark.parametrize("path", PAGES)
async def test_all_that_a_page_names_is_served_under_its_prefix(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path, headers=HTML | {"X-Forwarded-Prefix": "/speech"})
    named = re.findall(r'(?:href|src)="([^"]+)"', response.text)
    files = [name for name in named if not name.startswith("data:")]
    assert files
    for name in files:
        assert name.startswith(f"/speech/web/{assets().version}/")
        assert (await http.get(place(name.rpartition("/")[2]))).status_code == 200


async def test_every_file_has_its_type_and_is_kept_by_browsers(http: httpx.AsyncClient) -> None:
    kinds = {"js": "text/javascript", "css": "text/css"}
    names = [name for name in assets().texts if media_type(name) != "text/html"]
    assert len(names) > 20
    for name in names:
        response = await http.get(place(name))
        assert response.headers["content-type"] == f"{kinds[name.rpartition('.')[2]]}; charset=utf-8"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in response.headers["cache-control"]
        assert response.text == assets().texts[name]


async def test_a_file_of_another_version_is_not_kept(http: httpx.AsyncClient) -> None:
    assert (await http.get(place("main.js", "0" * 16))).headers["cache-control"] == "no-cache"


async def test_nothing_else_is_served(http: httpx.AsyncClient) -> None:
    for name in ("none.js", "index.html", "overlay.html", "pages.py", "..%2Fpages.py", "%2e%2e", "js"):
        assert (await http.get(place(name))).status_code == 404


def test_modules_import_what_is_there_and_all_are_used() -> None:
    texts = assets().texts
    imports = {name: set(re.findall(r'(?:from|import) "\./([^"]+)"', texts[name])) for name in texts}
    assert {file for found in imports.values() for file in found} <= texts.keys()
    # The worklet is loaded by its address.
    used, waiting = {"capture-worklet.js"}, ["main.js", "overlay.js", "listen.js"]
    while waiting:
        name = waiting.pop()
        used.add(name)
        waiting += imports[name] - used
    assert used == {name for name in texts if name.endswith(".js")}


def test_no_module_imports_what_it_does_not_use_or_what_is_not_exported() -> None:
    for module, text in assets().texts.items():
        for names, source in re.findall(r'import \{([^}]+)\} from "\./([^"]+)"', text):
            for name in re.findall(r"\w+", names):
                assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{module}: {name}"
                exported = rf"export (?:const|class|(?:async )?function) {name}\b"
                assert re.search(exported, assets().texts[source]), f"{module}: {name}"


def test_no_file_names_another_host_or_is_long() -> None:
    for name, text in assets().texts.items():
        assert not re.search(r"(?:https?|wss?):", text), name
        assert text.count("\n") <= 250, name
