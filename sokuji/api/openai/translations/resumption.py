"""Where a session goes on after its connection was lost, an extension: in the URL, or in the first update."""

from typing import NamedTuple

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from sokuji.api.openai.translations.protocol import ResumableSettings
from sokuji.errors import InvalidRequest

_FIELDS = ("session_id", "resume_from_ms", "resume_text", "acknowledgements")


class ResumptionPoint(NamedTuple):
    """All of it comes from the events of the connection that was lost."""

    session_id: str
    from_ms: int
    """``through_ms`` of the last ``session.acknowledged``: the client sends its audio from there on."""
    text: str
    """``text`` of the same event."""


def settings_of_url(query: QueryParams) -> ResumableSettings:
    """The fields of a resumption in the query of a URL.

    Raises:
        InvalidRequest: a value that is not accepted.
    """
    given = {name: query[name] for name in _FIELDS if name in query}
    try:
        return ResumableSettings.model_validate(given, strict=False)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = str(fault["loc"][0])
        raise InvalidRequest(f"{name}: {fault['msg']}", param=name) from None


def resumption_point(settings: ResumableSettings, prefix: str = "") -> ResumptionPoint | None:
    """Where the session goes on; None: the client does not resume one.

    Args:
        prefix: of the fields, for errors.

    Raises:
        InvalidRequest: a field of a resumption without the others.
    """
    if settings.session_id is None:
        for name in ("resume_from_ms", "resume_text"):
            if getattr(settings, name) is not None:
                raise InvalidRequest(f"{name} needs the session_id of a session", param=prefix + name)
        return None
    if settings.resume_from_ms is None:
        raise InvalidRequest(
            "session_id needs resume_from_ms: the through_ms of the last session.acknowledged, or 0",
            param=f"{prefix}resume_from_ms",
        )
    return ResumptionPoint(settings.session_id, settings.resume_from_ms, settings.resume_text or "")
