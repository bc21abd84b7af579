"""Strict validation of what the OpenAI doors send against the types of the ``openai`` package.

``construct`` of that package accepts anything. Here values must have the right types without conversion, and
no field may stand in an object that the type does not know, except for the extensions that are listed.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args

from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.beta.realtime.transcription_session import TranscriptionSession
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

JSONObject = dict[str, Any]
M = TypeVar("M", bound=BaseModel)
GA_EXTENSIONS = frozenset(
    {
        # OpenAI sends these too, but the type of the events is that of the request.
        "session.id",
        "session.object",
        "session.expires_at",
        "session.audio.output.language",
    }
)
BETA_EXTENSIONS = frozenset({"session.object", "session.expires_at", "session.id"})


def check_ga_event(event: Mapping[str, Any]) -> None:
    """Fail unless an event is one of GA."""
    _check(event, _members(RealtimeServerEvent), GA_EXTENSIONS)


def check_beta_event(event: Mapping[str, Any]) -> None:
    """Fail unless an event is one of the beta.

    Its types require the client secret of a transcription session, which OpenAI's sockets send as null, and
    they have no class for ``transcription_session.created``.
    """
    if str(event["type"]).startswith("transcription_session."):
        session = dict(event["session"])
        assert session.pop("client_secret") is None
        session["client_secret"] = {"expires_at": 0, "value": ""}
        assert set(event) == {"type", "event_id", "session"}
        _check_object(session, TranscriptionSession, BETA_EXTENSIONS, "session")
    else:
        _check(event, _members(BetaServerEvent), BETA_EXTENSIONS)


def validated(kind: type[M], data: object, *extensions: str) -> M:
    """``data`` as an object of ``kind``; ``extensions`` are fields that the service may add, dotted."""
    value = kind.model_validate(data, strict=True)
    unknown = [name for name in _unknown_fields(value, "") if name not in extensions]
    assert unknown == [], (data, unknown)
    return value


@cache
def _members(union: Any) -> dict[str, type[BaseModel]]:
    members = get_args(get_args(union)[0])
    return {get_args(kind.model_fields["type"].annotation)[0]: kind for kind in members}


def _check(
    event: Mapping[str, Any], members: Mapping[str, type[BaseModel]], extensions: Collection[str]
) -> None:
    assert event["type"] in members, event["type"]
    assert event["event_id"]
    _check_object(event, members[event["type"]], extensions, "")


def _check_object(
    data: Mapping[str, Any], kind: type[BaseModel], extensions: Collection[str], path: str
) -> None:
    """Validate an object strictly, then search it for fields that its type does not have."""
    model = _adapter(kind).validate_python(data, strict=True)
    unknown = [name for name in _unknown_fields(model, path) if name not in extensions]
    assert unknown == [], (data.get("type"), unknown)


@cache
def _adapter(kind: type[BaseModel]) -> TypeAdapter[BaseModel]:
    return TypeAdapter(kind)


def _unknown_fields(value: object, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}".lstrip(".") for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _unknown_fields(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for each in value:
            yield from _unknown_fields(each, path)
