"""The session of ``POST /v1/realtime/calls``, checked before there is a call."""

from sokuji.api.openai.client_secrets import checked_realtime
from sokuji.api.openai.realtime.session_config import SessionConfig
from sokuji.api.openai.wire import JSONObject
from sokuji.api.service import Service
from sokuji.api.webrtc.realtime_call_socket import PCM
from sokuji.errors import NotSupported


def called_session(session: JSONObject, model: str | None, service: Service) -> SessionConfig:
    """How a call begins.

    Args:
        session: as in ``session.update``; its ``type`` is ``realtime`` where it names none.
        model: of the URL; the session goes before it.

    Raises:
        SokujiError: a value that is not accepted; names its field.
    """
    config = checked_realtime(SessionConfig(type="realtime", model=model or None), session, service)
    for direction, part in (("input", config.audio.input), ("output", config.audio.output)):
        if part.format.type != PCM:
            path = f"session.audio.{direction}.format"
            raise NotSupported(f"{path}: a call has tracks of Opus; accepted: {PCM}", param=path)
    return config
