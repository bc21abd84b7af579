"""Client secrets, with which a server lets a browser open sessions: ``POST .../client_secrets``.

The session in a request is what the sessions of the holder begin with. It is checked here, so that a server
hears of a mistake and not its browsers; fields that this service does not know are left out. Whoever shows a
client secret gets no other one: it would never expire.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sokuji.api.dependencies import CurrentService, ShownClientSecret
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.realtime_session_request import (
    RealtimeRequest,
    RealtimeSessionRequest,
    TranscriptionRequest,
)
from sokuji.api.openai.translations.configuration import TranslationConfiguration, own_params
from sokuji.api.openai.translations.protocol import TranslationSecretSession
from sokuji.api.openai.wire import JSONObject, new_id
from sokuji.api.service import Service
from sokuji.errors import InvalidRequest, Unauthenticated
from sokuji.session.conversation import check_conversation

router = APIRouter(prefix="/v1/realtime", tags=["client secrets"])

MIN_LIFETIME_S, MAX_LIFETIME_S, DEFAULT_LIFETIME_S = 10, 7_200, 600
T = TypeVar("T")
_OBJECTS = {"realtime": "realtime.session", "transcription": "realtime.transcription_session"}
_TRANSLATION: TypeAdapter[TranslationSecretSession] = TypeAdapter(TranslationSecretSession)
_REALTIME: TypeAdapter[RealtimeRequest | TranscriptionRequest] = TypeAdapter(RealtimeSessionRequest)


class ExpiresAfter(BaseModel):
    """When a client secret expires."""

    model_config = ConfigDict(extra="forbid")

    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(DEFAULT_LIFETIME_S, ge=MIN_LIFETIME_S, le=MAX_LIFETIME_S)


class TranslationSecretRequest(BaseModel):
    """Asks for a client secret of ``/v1/realtime/translations``."""

    session: JSONObject
    """``{model, audio}`` as in ``session.update``."""
    expires_after: ExpiresAfter | None = None


class RealtimeSecretRequest(BaseModel):
    """Asks for a client secret of ``/v1/realtime``."""

    session: JSONObject | None = None
    """A session of the type ``realtime`` (the default) or ``transcription``."""
    expires_after: ExpiresAfter | None = None


class ClientSecretResponse(BaseModel):
    """A client secret that has been made."""

    value: str
    expires_at: int
    """Seconds since the epoch."""
    session: JSONObject
    """As ``session.created`` has it."""


@router.post("/translations/client_secrets")
async def make_translation_secret(
    request: TranslationSecretRequest, service: CurrentService, shown: ShownClientSecret
) -> ClientSecretResponse:
    """A client secret for live translation."""
    settings = service.settings.openai
    asked = _validated(_TRANSLATION, request.session)
    session = {"type": "translation", **asked.model_dump(exclude_unset=True)}
    configuration = TranslationConfiguration.initial(None, session)
    catalogue = service.pipeline.catalogue
    configuration.providers(ModelIds(catalogue, settings.aliases), "session.model")
    with own_params():
        check_conversation(configuration.conversation(catalogue, settings), catalogue)
    created = configuration.session(new_id("sess"), _session_end(service), settings)
    return _secret(service, shown, request.expires_after, session, created)


@router.post("/client_secrets")
async def make_realtime_secret(
    request: RealtimeSecretRequest, service: CurrentService, shown: ShownClientSecret
) -> ClientSecretResponse:
    """A client secret for a realtime or a transcription session."""
    asked = _validated(_REALTIME, {"type": "realtime", **(request.session or {})})
    ids = ModelIds(service.pipeline.catalogue, service.settings.openai.aliases)
    if isinstance(asked, RealtimeRequest) and asked.model is not None:
        ids.providers(asked.model, "interpreter", param="session.model")
    heard = asked.audio and asked.audio.input and asked.audio.input.transcription
    if heard and heard.model is not None:
        ids.providers(heard.model, "stt", param="session.audio.input.transcription.model")
    session = asked.model_dump(exclude_unset=True)
    about = {"id": new_id("sess"), "object": _OBJECTS[asked.type], "expires_at": _session_end(service)}
    return _secret(service, shown, request.expires_after, session, about | session)


def _secret(
    service: Service,
    shown: object,
    expires_after: ExpiresAfter | None,
    session: JSONObject,
    created: JSONObject,
) -> ClientSecretResponse:
    if shown is not None:
        raise Unauthenticated("a client secret cannot make another one; use an API key")
    lifetime_s = (expires_after or ExpiresAfter()).seconds
    secret = service.credentials.make_secret(session, lifetime_s)
    return ClientSecretResponse(value=secret.value, expires_at=secret.expires_at, session=created)


def _session_end(service: Service) -> int:
    return round(time.time() + service.settings.limits.max_session_s)


def _validated(adapter: TypeAdapter[T], session: JSONObject) -> T:
    try:
        return adapter.validate_python(session)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        location = fault["loc"]
        if "discriminator" in fault.get("ctx", {}):
            location += (fault["ctx"]["discriminator"].strip("'"),)
        where = ".".join(["session", *_path(location, session)])
        raise InvalidRequest(f"{where}: {fault['msg']}", param=where) from None


def _path(location: Sequence[str | int], data: object) -> list[str]:
    """The fields of a location; the tags of unions, which it has too, are no fields."""
    fields: list[str] = []
    for at, part in enumerate(location):
        inside = (isinstance(data, Mapping) and part in data) or isinstance(data, list)
        if inside or at == len(location) - 1:
            fields.append(str(part)[:40])
        if inside:
            data = data[part]  # type: ignore[index]
    return fields
