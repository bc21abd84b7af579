"""Client secrets, with which a server lets a browser open sessions: ``POST .../client_secrets``.

The session in a request is what the sessions of the holder begin with. It is checked here, so that a server
hears of a mistake and not its browsers. Whoever shows a client secret gets no other one: it would never
expire.
"""

import time
from typing import Annotated, Literal, get_args

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from sokuji.access.principal import Principal
from sokuji.api.dependencies import CurrentClient, CurrentService
from sokuji.api.errors import BODY_FAILURE_RESPONSES, FAILURE_RESPONSES
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.realtime import session_settings
from sokuji.api.openai.realtime.config_parts import checked
from sokuji.api.openai.realtime.session_config import SessionConfig, SessionType
from sokuji.api.openai.translations.configuration import TranslationConfiguration, own_params
from sokuji.api.openai.translations.protocol import TranslationSecretSession
from sokuji.api.openai.wire import JSONObject, new_id
from sokuji.api.service import Service
from sokuji.errors import InvalidRequest
from sokuji.session.conversation import check_conversation

router = APIRouter(
    prefix="/v1/realtime", tags=["client secrets"], responses=FAILURE_RESPONSES | BODY_FAILURE_RESPONSES
)

MIN_LIFETIME_S, MAX_LIFETIME_S, DEFAULT_LIFETIME_S = 10, 7_200, 600
_OBJECTS = {"realtime": "realtime.session", "transcription": "realtime.transcription_session"}

_OF_RESPONSES = frozenset({"create_response", "interrupt_response", "idle_timeout_ms", "eagerness"})
"""Fields of turn detection that the session of a transcription secret does not have."""
_MODEL_IS_REQUIRED: dict[str, JsonValue] = {
    "required": ["model"],
    "properties": {"model": {"type": "string"}},
}


class ExpiresAfter(BaseModel):
    """When a client secret expires."""

    model_config = ConfigDict(extra="forbid")

    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(DEFAULT_LIFETIME_S, ge=MIN_LIFETIME_S, le=MAX_LIFETIME_S)


class TranslationSecretRequest(BaseModel):
    """Asks for a client secret of ``/v1/realtime/translations``."""

    session: Annotated[JSONObject, Field(json_schema_extra=_MODEL_IS_REQUIRED)]
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
    request: TranslationSecretRequest, service: CurrentService, client: CurrentClient
) -> ClientSecretResponse:
    """A client secret for live translation."""
    session = checked_translation(request.session, service)
    configuration = TranslationConfiguration.initial(None, session)
    created = configuration.session(new_id("sess"), _session_end(service), service.settings.openai)
    return _secret(service, client, request.expires_after, session, created)


@router.post("/client_secrets")
async def make_realtime_secret(
    request: RealtimeSecretRequest, service: CurrentService, client: CurrentClient
) -> ClientSecretResponse:
    """A client secret for a realtime or a transcription session."""
    asked = request.session or {}
    kind = asked.get("type", "realtime")
    if kind not in get_args(SessionType):
        raise InvalidRequest(
            f"session.type {str(kind)[:40]!r} is not known; accepted: {', '.join(get_args(SessionType))}",
            param="session.type",
        )
    config = checked_realtime(SessionConfig(type=kind), asked, service)
    about = {"id": new_id("sess"), "object": _OBJECTS[kind], "expires_at": _session_end(service)}
    created: JSONObject = {**about, **config.as_dict()}
    if kind == "transcription" and (detection := created["audio"]["input"]["turn_detection"]):
        for name in _OF_RESPONSES & detection.keys():
            del detection[name]
    return _secret(service, client, request.expires_after, {**asked, "type": kind}, created)


def checked_translation(session: JSONObject, service: Service, *, one_voice: bool = False) -> JSONObject:
    """The session of a request for live translation, without fields that this service does not know.

    Args:
        one_voice: as for ``TranslationConfiguration.conversation``.

    Raises:
        SokujiError: a value that is not accepted; names its field.
    """
    asked = checked(TranslationSecretSession, session, "session")
    accepted = {"type": "translation", **asked.model_dump(exclude_unset=True)}
    configuration = TranslationConfiguration.initial(None, accepted)
    catalogue, settings = service.pipeline.catalogue, service.settings.openai
    configuration.providers(ModelIds(catalogue, settings.aliases), "session.model")
    with own_params():
        check_conversation(configuration.conversation(catalogue, settings, one_voice=one_voice), catalogue)
    return accepted


def checked_realtime(initial: SessionConfig, session: JSONObject, service: Service) -> SessionConfig:
    """The session of a request for a realtime or a transcription session.

    Args:
        initial: what holds where the request says nothing.

    Raises:
        SokujiError: a value that is not accepted; names its field.
    """
    config = initial.updated(session)
    with session_settings.named_params({"model": "session.model"}):
        session_settings.providers(config, service)
    with session_settings.named_params(session_settings.session_params(config)):
        check_conversation(
            session_settings.conversation_settings(config, service), service.pipeline.catalogue
        )
    return config


def _secret(
    service: Service,
    client: Principal,
    expires_after: ExpiresAfter | None,
    session: JSONObject,
    created: JSONObject,
) -> ClientSecretResponse:
    lifetime_s = (expires_after or ExpiresAfter()).seconds
    secret = service.credentials.make_secret(session, lifetime_s, client.key)
    return ClientSecretResponse(value=secret.value, expires_at=secret.expires_at, session=created)


def _session_end(service: Service) -> int:
    return round(time.time() + service.settings.limits.max_session_s)
