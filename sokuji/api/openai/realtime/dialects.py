"""The two dialects of the Realtime protocol. The service speaks GA; ``Beta`` translates what differs.

Beta sessions are flat, its items have other content types, and some of its events have other names.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from sokuji.api.openai.realtime.client_events import ResponseCreate, SessionUpdate
from sokuji.api.openai.wire import ClientEvent, JSONObject

TRANSCRIPTION_UPDATE = "transcription_session.update"
_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_FORMAT_NAMES = {ga: beta for beta, ga in _FORMATS.items()}
_CONTENT_TYPES = {"output_text": "text", "output_audio": "audio"}
_EVENT_PARTS = {"response.output_audio": "response.audio", "response.output_text": "response.text"}
"""Beginning of GA's event names -> that of beta's. Transcripts begin with the first of them too."""
_UNKNOWN_EVENTS = frozenset({"conversation.item.done", "input_audio_buffer.timeout_triggered"})
"""Events that beta does not have."""
_FLAT_FIELDS = {
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "output_audio_format": ("audio", "output", "format"),
    "input_audio_format": ("audio", "input", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "modalities": ("output_modalities",),
    "max_response_output_tokens": ("max_output_tokens",),
}
"""Field of a beta session or response -> its place in GA's."""
_NO_FIELDS = frozenset({"client_secret", "temperature", "type", "audio", "output_modalities"})
"""Fields of beta that say nothing to an interpreter, and fields that it does not have."""
TEMPERATURE = 0.8
"""The temperature of beta sessions that set none."""


class Dialect(Protocol):
    """How one client writes and reads."""

    def incoming(self, event: ClientEvent) -> ClientEvent:
        """A client event as GA has it."""

    def outgoing(self, event: JSONObject) -> list[JSONObject]:
        """The client's events for one of GA's."""


class GeneralAvailability:
    """GA, unchanged."""

    def incoming(self, event: ClientEvent) -> ClientEvent:
        """See ``Dialect``."""
        return event

    def outgoing(self, event: JSONObject) -> list[JSONObject]:
        """See ``Dialect``."""
        return [event]


class Beta:
    """The retired beta."""

    def incoming(self, event: ClientEvent) -> ClientEvent:
        """See ``Dialect``."""
        if isinstance(event, SessionUpdate):
            session = _nested(event.session)
            if event.type == TRANSCRIPTION_UPDATE:
                session["type"] = "transcription"
            return event.model_copy(update={"session": session})
        if isinstance(event, ResponseCreate):
            return event.model_copy(update={"response": _nested(event.response)})
        return event

    def outgoing(self, event: JSONObject) -> list[JSONObject]:
        """See ``Dialect``."""
        kind = str(event["type"])
        if kind in _UNKNOWN_EVENTS:
            return []
        translated = {**event, "type": _event_name(kind)}
        translated.pop("languages", None)
        if "session" in event:
            prefix = "transcription_" if event["session"]["type"] == "transcription" else ""
            translated |= {"type": f"{prefix}{kind}", "session": _flat_session(event["session"])}
        if "item" in event:
            translated["item"] = _item(event["item"])
        if "response" in event:
            translated["response"] = _flat_response(event["response"])
        if "error" in event:
            translated["error"] = _flat_error(event["error"])
        return [translated]


def is_flat(update: SessionUpdate) -> bool:
    """Whether a ``session.update`` is one of the beta."""
    return update.type == TRANSCRIPTION_UPDATE or (
        "type" not in update.session
        and "audio" not in update.session
        and bool(_FLAT_FIELDS.keys() & update.session.keys())
    )


def _event_name(kind: str) -> str:
    if kind == "conversation.item.added":
        return "conversation.item.created"
    for ga, beta in _EVENT_PARTS.items():
        if kind.startswith(ga):
            return beta + kind.removeprefix(ga)
    return kind


def _nested(flat: Mapping[str, Any]) -> JSONObject:
    """A beta session or response in GA's shape."""
    nested: JSONObject = {}
    for name, value in flat.items():
        if name in _NO_FIELDS:
            continue
        *parents, last = _FLAT_FIELDS.get(name, (name,))
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _ga_value(name, value)
    return nested


def _ga_value(name: str, value: Any) -> Any:
    if name.endswith("_audio_format") and isinstance(value, str):
        return {"type": _FORMATS.get(value, value)}
    if name == "modalities" and isinstance(value, list) and "audio" in value:
        # Beta names text beside audio: the transcript, which always comes.
        return ["audio"] if set(map(str, value)) <= {"audio", "text"} else value
    return value


def _flat_session(session: JSONObject) -> JSONObject:
    heard = session["audio"]["input"]
    transcription, detection = heard["transcription"], heard["turn_detection"]
    flat: JSONObject = {
        "id": session["id"],
        "object": "realtime.session",
        "expires_at": session["expires_at"],
        "input_audio_format": _FORMAT_NAMES[heard["format"]["type"]],
        "input_audio_transcription": transcription and _only(transcription, "model", "language", "prompt"),
    }
    if session["type"] == "transcription":
        names = ("type", "threshold", "prefix_padding_ms", "silence_duration_ms")
        return flat | {
            "object": "realtime.transcription_session",
            "client_secret": None,
            "turn_detection": detection and _only(detection, *names),
        }
    spoken = session["audio"]["output"]
    return flat | {
        "input_audio_noise_reduction": heard["noise_reduction"] and _only(heard["noise_reduction"], "type"),
        "turn_detection": detection and {n: v for n, v in detection.items() if n != "idle_timeout_ms"},
        "model": session["model"],
        "modalities": _modalities(session["output_modalities"]),
        "instructions": session["instructions"],
        "voice": _voice_name(spoken["voice"]),
        "speed": spoken["speed"],
        "output_audio_format": _FORMAT_NAMES[spoken["format"]["type"]],
        "tools": [],
        "tool_choice": "auto",
        "temperature": TEMPERATURE,
        "max_response_output_tokens": session["max_output_tokens"],
        "tracing": None,
    }


def _flat_response(response: JSONObject) -> JSONObject:
    spoken = response["audio"]["output"]
    usage = response["usage"]
    return {name: value for name, value in response.items() if name not in _NO_FIELDS} | {
        "modalities": _modalities(response["output_modalities"]),
        "voice": spoken["voice"],
        "output_audio_format": _FORMAT_NAMES[spoken["format"]["type"]],
        "temperature": TEMPERATURE,
        "output": [_item(item) for item in response["output"]],
        "usage": usage
        and {
            **usage,
            "input_token_details": _only(
                usage["input_token_details"], "text_tokens", "audio_tokens", "cached_tokens"
            ),
        },
    }


def _only(data: JSONObject, *names: str) -> JSONObject:
    return {name: data[name] for name in names if name in data}


def _item(item: JSONObject) -> JSONObject:
    content = [{**part, "type": _CONTENT_TYPES.get(part["type"], part["type"])} for part in item["content"]]
    return {**item, "content": content}


def _modalities(ga: list[str]) -> list[str]:
    return ["audio", "text"] if "audio" in ga else ga


def _voice_name(voice: Any) -> str:
    return str(voice["id"]) if isinstance(voice, Mapping) else str(voice)


def _flat_error(error: JSONObject) -> JSONObject:
    """An error that names the fields as beta does."""
    message, param = str(error["message"]), error["param"] and str(error["param"])
    for name, place in _FLAT_FIELDS.items():
        for owner in ("session", "response"):
            ga, beta = ".".join((owner, *place)), f"{owner}.{name}"
            message = message.replace(ga, beta)
            param = param and param.replace(ga, beta)
    # A format is a string here, not an object.
    message = message.replace("_audio_format.type", "_audio_format")
    param = param and param.replace("_audio_format.type", "_audio_format")
    return {**error, "message": message, "param": param}
