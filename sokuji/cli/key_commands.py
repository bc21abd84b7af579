"""``sokuji keys``: makes, lists and revokes the API keys of a service, in its key file."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from sokuji.access.key_file import change_keys, read_keys
from sokuji.access.new_key import make_key
from sokuji.config.keys import Key, KeyLimits, KeyScope
from sokuji.errors import ConfigError

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke the API keys of a service.")

DEFAULT_SCOPES = "recordings,texts,sessions"
_DURATION = re.compile(r"([1-9]\d{0,4})([hd])")

KeyFile = Annotated[
    Path,
    typer.Option(
        "--file",
        envvar="SOKUJI_KEYS_FILE",
        show_envvar=True,
        dir_okay=False,
        help="The key file (access.keys_file of the Gateway).",
    ),
]


def _scopes(text: str) -> str:
    known = [scope.value for scope in KeyScope]
    if unknown := sorted(set(text.split(",")) - set(known)):
        raise typer.BadParameter(f"no scope {', '.join(map(repr, unknown))}; there are: {', '.join(known)}")
    return text


def _expiry(text: str) -> str:
    if text:
        _end_of(text)
    return text


def _end_of(text: str) -> datetime | None:
    if not text:
        return None
    now = datetime.now(UTC)
    if duration := _DURATION.fullmatch(text):
        number = int(duration[1])
        return now + (timedelta(days=number) if duration[2] == "d" else timedelta(hours=number))
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; accepted: 90d, 12h, 2030-01-31 or 2030-01-31T12:00Z"
        ) from None
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    if end <= now:
        raise typer.BadParameter(f"{text} is in the past")
    return end


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for people: up to 64 letters and digits.")],
    file: KeyFile = Path("keys.json"),
    scopes: Annotated[
        str,
        typer.Option(
            callback=_scopes,
            help="What it is for, separated by commas: recordings, texts, sessions, tokens (client secrets "
            "for browsers), metrics.",
        ),
    ] = DEFAULT_SCOPES,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="REST calls and new sockets.")
    ] = None,
    sessions: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Live sessions at the same time.")
    ] = None,
    audio_minutes_per_day: Annotated[
        float | None, typer.Option(min=0.01, max=1_000_000, help="Minutes of audio sent in.")
    ] = None,
    characters_per_day: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="Characters of texts.")
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="WHEN", callback=_expiry, help="90d, 12h or a date; default: never.")
    ] = "",
) -> None:
    """Make a key. It is printed once and stored nowhere: the file has its hash."""
    limits = KeyLimits(
        requests_per_minute=requests_per_minute,
        sessions=sessions,
        audio_minutes_per_day=audio_minutes_per_day,
        characters_per_day=characters_per_day,
    )
    try:
        new = make_key(name, map(KeyScope, scopes.split(",")), limits, _end_of(expires))
    except ValidationError:
        raise typer.BadParameter(
            "a name has 1 to 64 letters, digits, spaces and any of _ . , : @ / + -", param_hint="NAME"
        ) from None
    change_keys(file, lambda present: (*present, new.key))
    typer.echo(
        f"Key {new.key.id} of {name!r} is in {file}. Keep what follows: it is not shown again.", err=True
    )
    typer.echo(new.value)


@keys.command("list")
def list_keys(file: KeyFile = Path("keys.json")) -> None:
    """List the keys in a file: ids, names, scopes, limits and expiry."""
    table = Table("Id", "Name", "Scopes", "Limits", "Expires", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for key in read_keys(file):
        table.add_row(key.id, key.name, ",".join(sorted(key.scopes)), _limits(key), _expires(key))
    console = Console()
    # Without a terminal the table is wide enough that no cell is cut off.
    console.print(table, width=None if console.is_terminal else 250)


@keys.command()
def revoke(
    which: Annotated[str, typer.Argument(metavar="ID|NAME", help="The id of a key, or a name that one has.")],
    file: KeyFile = Path("keys.json"),
) -> None:
    """Remove a key. A running service refuses it within seconds, and closes its sessions."""
    revoked: list[Key] = []

    def without(present: tuple[Key, ...]) -> tuple[Key, ...]:
        revoked.append(_found(which, present))
        return tuple(key for key in present if key not in revoked)

    read_keys(file)
    change_keys(file, without)
    typer.echo(f"Key {revoked[0].id} of {revoked[0].name!r} is revoked.")


def _found(which: str, present: Sequence[Key]) -> Key:
    found = [key for key in present if key.id == which] or [key for key in present if key.name == which]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(key.id for key in found)
        raise ConfigError(f"{len(found)} keys have the name {which!r}; name one by its id: {ids}")
    raise ConfigError(f"no key has the id or the name {which!r}; 'sokuji keys list' shows them")


def _limits(key: Key) -> str:
    set_limits = key.limits.model_dump(exclude_none=True)
    return ", ".join(f"{name}={value:g}" for name, value in set_limits.items()) or "none"


def _expires(key: Key) -> str:
    if key.expires_at is None:
        return "never"
    expired = " (expired)" if key.has_expired(datetime.now(UTC)) else ""
    return f"{key.expires_at:%Y-%m-%d %H:%M} UTC{expired}"
