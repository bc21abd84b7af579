"""``sokuji keys``: a key is shown once, and what is left of it is listed and revoked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sokuji.access.key_file import read_keys
from sokuji.access.key_ring import KeyRing
from sokuji.cli.app import app
from sokuji.config import AccessSettings
from sokuji.config.keys import KeyScope


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("SOKUJI_KEYS_FILE", str(path))
    return path


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments], prog_name="sokuji")


def created(*arguments: str) -> str:
    result = keys("create", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_a_key_that_was_made_is_accepted_until_it_is_revoked(file: Path) -> None:
    value = created("captions")
    assert value not in file.read_text()
    ring = KeyRing()
    ring.apply(AccessSettings(keys_file=str(file)))
    key = ring.verify(value)
    assert key.name == "captions"
    assert key.scopes == {KeyScope.RECORDINGS, KeyScope.TEXTS, KeyScope.SESSIONS}
    listed = keys("list").stdout
    assert key.id in listed
    assert value not in listed
    assert keys("revoke", "captions").exit_code == 0
    assert read_keys(file) == ()


def test_scopes_limits_and_expiry_are_stored_and_listed(file: Path) -> None:
    limits = ("--sessions", "3", "--audio-minutes-per-day", "1.5", "--requests-per-minute", "60")
    created(
        "server", "--scopes", "tokens,metrics", "--expires", "2d", "--characters-per-day", "1000", *limits
    )
    (key,) = read_keys(file)
    assert key.scopes == {KeyScope.TOKENS, KeyScope.METRICS}
    assert key.limits.model_dump() == {
        "requests_per_minute": 60,
        "sessions": 3,
        "audio_minutes_per_day": 1.5,
        "characters_per_day": 1000,
    }
    assert key.expires_at is not None
    assert timedelta(days=1, hours=23) < key.expires_at - datetime.now(UTC) <= timedelta(days=2)
    listed = "".join(keys("list").stdout.split())
    for shown in ("server", "metrics,tokens", "sessions=3", "audio_minutes_per_day=1.5"):
        assert shown in listed


@pytest.mark.parametrize("when", ["2040-01-31", "2040-01-31T12:00Z", "2040-01-31T12:00+02:00"])
def test_a_key_may_expire_on_a_day(file: Path, when: str) -> None:
    created("a", "--expires", when)
    expires_at = read_keys(file)[0].expires_at
    assert expires_at is not None
    assert (expires_at.year, expires_at.month, expires_at.day) == (2040, 1, 31)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("create", ""), "letters, digits"),
        (("create", "a\x1b"), "letters, digits"),
        (("create", "a", "--scopes", "all"), "recordings"),
        (("create", "a", "--expires", "soon"), "90d"),
        (("create", "a", "--expires", "2001-01-01"), "past"),
        (("create", "a", "--expires", "0d"), "90d"),
        (("create", "a", "--sessions", "0"), "sessions"),
    ],
)
def test_a_wrong_command_line_is_refused_and_no_key_is_made(
    file: Path, arguments: tuple[str, ...], named: str
) -> None:
    result = keys(*arguments)
    assert result.exit_code == 2
    assert named in " ".join(result.stderr.split())
    assert not file.exists()


def test_two_keys_of_a_name_are_told_apart_by_their_ids(file: Path) -> None:
    created("a")
    created("a")
    result = keys("revoke", "a")
    assert result.exit_code == 1
    first, second = read_keys(file)
    assert first.id in result.stderr
    assert keys("revoke", second.id).exit_code == 0
    assert read_keys(file) == (first,)


def test_what_is_not_there_is_not_revoked(file: Path) -> None:
    assert "sokuji keys create" in keys("revoke", "a").stderr
    created("b")
    assert "no key has the id or the name 'a'" in keys("revoke", "a").stderr
    assert len(read_keys(file)) == 1
