"""What all settings have in common: no unknown names, errors that say what is accepted, live changes."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sokuji.errors import ConfigError

LIVE: dict[str, Any] = {"live": True}
"""Marks a field whose change needs no new model: ``Field(..., json_schema_extra=LIVE)``."""

MOST_WORKERS = 16
"""Of one provider."""


class Settings(BaseModel):
    """Base of all settings: frozen, and no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


S = TypeVar("S", bound=Settings)


def parse(kind: type[S], values: Mapping[str, Any], where: str) -> S:
    """Validate ``values`` as ``kind``; ``where`` says whose settings they are.

    Raises:
        ConfigError: names every setting at fault and what is accepted.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        first = ".".join(str(part) for part in faults[0]["loc"])
        raise ConfigError(
            f"{where}: {'; '.join(_fault(item, kind) for item in faults)}", param=first
        ) from None


def _fault(item: Any, kind: type[Settings]) -> str:
    *parents, last = item["loc"] or ("(settings)",)
    name = ".".join(str(part) for part in (*parents, last))
    if item["type"] != "extra_forbidden":
        return f"{name}: {item['msg']} (got {item['input']!r})"
    for parent in parents:
        annotation = kind.model_fields[str(parent)].annotation
        kind = annotation if isinstance(annotation, type) else kind
    return f"{name} is not a setting; accepted: {', '.join(kind.model_fields)}"


def changed_fields(old: BaseModel, new: BaseModel) -> tuple[set[str], bool]:
    """The names of fields that differ, and whether all of them are live."""
    names = {name for name in type(new).model_fields if getattr(old, name, None) != getattr(new, name)}
    live = all((type(new).model_fields[name].json_schema_extra or {}) == LIVE for name in names)
    return names, live and type(old) is type(new)


def check_live(old: S, new: Settings) -> S:
    """``new``, if a loaded model can take over the change from ``old``.

    Raises:
        ConfigError: names the fields that differ, one at least of which takes a new model; or ``new`` are the
            settings of another provider.
    """
    names, live = changed_fields(old, new)
    if not live or not isinstance(new, type(old)):
        raise ConfigError(f"a model that is loaded cannot change: {', '.join(sorted(names))}")
    return new
