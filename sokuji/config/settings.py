"""Base class of all settings, and their validation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from sokuji.errors import ConfigError

LIVE: dict[str, Any] = {"live": True}
"""Marks a field that can change without loading a model: ``Field(..., json_schema_extra=LIVE)``."""

SECRET: dict[str, Any] = {"secret": True}
"""Marks a field of whose value messages show nothing: ``Field(..., json_schema_extra=SECRET)``."""

MAX_WORKERS = 16
"""Largest value of ``num_workers`` for every provider."""

_NO_EFFECT = "no_effect"


@dataclass(frozen=True, slots=True)
class Condition:
    """A field has an effect only if a condition is met; otherwise setting it is an error."""

    field: str
    """Name of the field; a field of a section is ``section.field``."""
    requires: str
    """The condition in words, as in the error message and in ``docs/tuning.md``."""
    met: Callable[[Any], bool]
    """Whether the settings meet the condition."""
    neutral: tuple[object, ...] = ()
    """Values that are always accepted, because they describe the behaviour without the field."""

    def violated(self, settings: "Settings") -> bool:
        """Whether the field was set to a value that has no effect."""
        owner, name = settings, self.field
        if "." in name:
            section, _, name = name.partition(".")
            owner = getattr(settings, section)
        return (
            name in owner.model_fields_set
            and getattr(owner, name) not in self.neutral
            and not self.met(settings)
        )


class Settings(BaseModel):
    """Immutable settings. Unknown names, and values that have no effect, are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    conditions: ClassVar[tuple[Condition, ...]] = ()
    """Conditions of this class; those of its base classes apply as well."""

    @classmethod
    def all_conditions(cls) -> Iterator[Condition]:
        """The conditions of this class and of its base classes."""
        for kind in cls.__mro__:
            yield from vars(kind).get("conditions", ())

    @model_validator(mode="after")
    def _check_conditions(self) -> Self:
        for condition in self.all_conditions():
            if condition.violated(self):
                raise PydanticCustomError(
                    _NO_EFFECT,
                    "has no effect unless {requires}: change that, or leave {field} out",
                    {"field": condition.field, "requires": condition.requires},
                )
        return self


S = TypeVar("S", bound=Settings)


def parse(kind: type[S], values: Mapping[str, Any], where: str) -> S:
    """Validate ``values`` as ``kind``; ``where`` names their owner in messages.

    Raises:
        ConfigError: names every invalid setting and what is accepted.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise ConfigError(
            f"{where}: {'; '.join(_fault(item, kind) for item in faults)}", param=_field(faults[0])
        ) from None


def _field(item: Any) -> str:
    """Path of the invalid field; empty if the error concerns several fields."""
    inner = (item["ctx"]["field"],) if item["type"] == _NO_EFFECT else ()
    return ".".join(str(part) for part in (*item["loc"], *inner))


def _fault(item: Any, kind: type[Settings]) -> str:
    name = _field(item) or "(settings)"
    if item["type"] == _NO_EFFECT:
        return f"{name} {item['msg']}"
    owner, secret = _owner(item["loc"], kind)
    if item["type"] == "extra_forbidden":
        return f"{name} is not a setting; accepted: {', '.join(owner.model_fields)}"
    return f"{name}: {item['msg']}" + ("" if secret else f" (got {item['input']!r})")


def _owner(path: Sequence[str | int], kind: type[Settings]) -> tuple[type[Settings], bool]:
    """The section that has the last field of ``path``, and whether a field of the path is secret."""
    owner, secret = kind, False
    for name in path:
        if isinstance(name, str) and name in kind.model_fields:
            owner, field = kind, kind.model_fields[name]
            secret |= field.json_schema_extra == SECRET
            kind = _settings_in(field.annotation) or kind
        elif isinstance(name, str):
            owner = kind
    return owner, secret


def _settings_in(annotation: Any) -> type[Settings] | None:
    """The section that a field holds, or a list of which it holds; None: it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    return next(filter(None, map(_settings_in, get_args(annotation))), None)


def changed_fields(old: BaseModel, new: BaseModel) -> tuple[set[str], bool]:
    """The names of the fields that differ, and whether all of them are ``LIVE``."""
    names = {name for name in type(new).model_fields if getattr(old, name, None) != getattr(new, name)}
    live = all((type(new).model_fields[name].json_schema_extra or {}) == LIVE for name in names)
    return names, live and type(old) is type(new)


def check_live(old: S, new: Settings) -> S:
    """Return ``new`` if it differs from ``old`` only in ``LIVE`` fields.

    Raises:
        ConfigError: another field differs, or ``new`` belongs to another provider. Names all fields that
            differ.
    """
    names, live = changed_fields(old, new)
    if not live or not isinstance(new, type(old)):
        raise ConfigError(
            f"a change of these settings requires loading the model again: {', '.join(sorted(names))}"
        )
    return new
