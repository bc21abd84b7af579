"""Files that are translated: what is kept of them, and how they are fetched."""

import os
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sokuji.api.libretranslate.translated_files import TranslatedFiles
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from sokuji.config.libretranslate import LibreTranslateSettings
from sokuji.errors import Overloaded
from tests.support.fake_stages import ready_pipeline
from tests.support.rest_client import client_of

SUBTITLES = "1\n00:00:01,000 --> 00:00:02,000\nBom dia,\ncomo está?\n"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = LibreTranslateSettings(files_dir=str(tmp_path), max_file_chars=100)
    service = Service(await ready_pipeline(), GatewaySettings(libretranslate=settings))
    async with client_of(service) as client:
        yield client


async def sent(client: httpx.AsyncClient, name: str, data: str | bytes, **fields: str) -> httpx.Response:
    form = {"source": "pt", "target": "en", "api_key": ""} | fields
    return await client.post("/translate_file", files={"file": (name, data)}, data=form)


async def fetched(client: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 200, answer.text
    (url,) = answer.json().values()
    return await client.get(url)


async def test_subtitles_come_back_with_their_times(client: httpx.AsyncClient) -> None:
    file = await fetched(client, await sent(client, "Ação 1.SRT", SUBTITLES))
    assert file.text == "1\n00:00:01,000 --> 00:00:02,000\nen: Bom dia,\ncomo está?\n"
    assert file.headers["content-disposition"].endswith("''A%C3%A7%C3%A3o%201.en.srt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_a_file_keeps_its_encoding(client: httpx.AsyncClient, encoding: str) -> None:
    file = await fetched(client, await sent(client, "a.txt", "Olá.".encode(encoding), source="auto"))
    assert file.content == "en: Olá.".encode(encoding)


async def test_html_is_translated(client: httpx.AsyncClient) -> None:
    file = await fetched(client, await sent(client, "a.html", "<p>Olá.</p>"))
    assert file.text == "<p>en: Olá.</p>"


@pytest.mark.parametrize(
    ("name", "data", "fields", "status", "named"),
    [
        ("a.docx", "Olá.", {}, 400, ".srt"),
        ("a", "Olá.", {}, 400, ".srt"),
        ("a.txt", b"Ol\xe1.", {}, 400, "byte 2"),
        ("a.txt", "a" * 101, {}, 413, "100"),
        ("a.txt", "á" * 500, {}, 413, "100"),
        ("a.txt", "Olá.", {"target": "xx"}, 422, "target"),
        ("a.txt", "Olá.", {"source": "ja"}, 422, "'ja'"),
        ("a.txt", "Olá.", {"bogus": "1"}, 400, "bogus"),
    ],
)
async def test_what_is_not_accepted_is_named(
    client: httpx.AsyncClient, name: str, data: str | bytes, fields: dict[str, str], status: int, named: str
) -> None:
    answer = await sent(client, name, data, **fields)
    assert answer.status_code == status, answer.text
    assert named in answer.json()["error"]


@pytest.mark.parametrize("body", [{"data": {"source": "pt", "target": "en"}}, {"json": {}}])
async def test_a_request_without_a_form_of_a_file_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await client.post("/translate_file", **body)
    assert answer.status_code == 400
    assert "file" in answer.json()["error"]


@pytest.mark.parametrize("name", ["0" * 32, "..", "%2e%2e", "x"])
async def test_a_name_that_nobody_was_given_finds_nothing(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/download_file/{name}/a.txt")
    assert answer.status_code == 404
    assert isinstance(answer.json()["error"], str | dict)


def test_old_files_go_and_so_do_the_oldest_where_there_is_no_room(tmp_path: Path) -> None:
    files = TranslatedFiles(LibreTranslateSettings(files_dir=str(tmp_path / "new"), files_max_bytes=2**20))
    names = [files.store(bytes(2**18)) for _ in range(3)]
    for age_s, name in zip((5_000, 300, 200), names, strict=True):
        os.utime(tmp_path / "new" / name, (time.time() - age_s,) * 2)
    assert files.load(names[0]) is None, "too old"
    assert files.load(names[1]) is not None
    newest = files.store(bytes(3 * 2**18))
    assert files.load(names[1]) is None, "no room"
    assert files.load(names[2]) is not None
    assert files.load(newest) == bytes(3 * 2**18)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {names[2], newest}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Overloaded, match="files_dir"):
        TranslatedFiles(LibreTranslateSettings(files_dir=str(tmp_path / "file"))).store(b"")
