"""Messages: whatever the bytes are, a parser understands them or raises an error that can be sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from starlette.datastructures import Headers

from sokuji.api.bridge.config_message import ConfigMessage
from sokuji.api.bridge.messages import AudioMessage, decode_message
from sokuji.api.openai.realtime import client_events, items, response_requests
from sokuji.api.openai.realtime.dialects import Beta, GeneralAvailability, is_flat
from sokuji.api.openai.realtime.session_config import SessionConfig
from sokuji.api.openai.translations import protocol
from sokuji.api.openai.translations.configuration import TranslationConfiguration
from sokuji.api.openai.translations.resumption import resumption_point
from sokuji.api.openai.wire import decode_audio, decode_event
from sokuji.api.page_access import check_access
from sokuji.api.path_prefix import forwarded_prefix
from sokuji.api.webrtc.offer import parse_offer
from sokuji.audio.decoder_process.messages import DecodingResult
from sokuji.config import AccessSettings, OpenAISettings
from sokuji.errors import SokujiError

MAX_MESSAGE_BYTES = 20_000
"""Of an error: what a client sends comes back in part only."""


@contextmanager
def refusals() -> Iterator[None]:
    """Errors of the service are what bad input gets; they must fit into a message."""
    message = ""
    try:
        yield
    except SokujiError as error:
        message = json.dumps(error.as_dict())
    assert len(message.encode()) < MAX_MESSAGE_BYTES


def text_frame(data: bytes) -> str:
    """What a server makes of the bytes; it closes sockets whose text is not UTF-8."""
    return data.decode(errors="ignore")


def bridge_message(data: bytes) -> None:
    """A message of the bridge API."""
    with refusals():
        message = decode_message(text_frame(data))
        if isinstance(message, AudioMessage):
            message.pcm()
        elif isinstance(message, ConfigMessage):
            message.conversation()
            message.resumption()


def translation_event(data: bytes) -> None:
    """An event of ``/v1/realtime/translations``, in a session that has been updated before."""
    with refusals():
        event = decode_event(text_frame(data), protocol.CLIENT_EVENTS)
        if isinstance(event, protocol.AppendAudio):
            decode_audio(event.audio)
        elif isinstance(event, protocol.UpdateSession):
            resumption_point(event.session)
            configuration = TranslationConfiguration.initial(None, None).updated(event.session)
            configuration.updated(event.session).targets(OpenAISettings())


def realtime_event(data: bytes) -> None:
    """An event of ``/v1/realtime``, in the dialect that it shows."""
    with refusals():
        event = decode_event(text_frame(data), client_events.CLIENT_EVENTS)
        flat = isinstance(event, client_events.SessionUpdate) and is_flat(event)
        event = (Beta() if flat else GeneralAvailability()).incoming(event)
        if isinstance(event, client_events.SessionUpdate):
            config = SessionConfig(type="realtime").updated(event.session)
            assert config.updated(event.session).as_dict()
        elif isinstance(event, client_events.AudioAppend):
            decode_audio(event.audio)
        elif isinstance(event, client_events.ItemCreate):
            items.written_item(event.item)
        elif isinstance(event, client_events.ResponseCreate):
            response_requests.parsed(event.response)


def call_offer(data: bytes) -> None:
    """An SDP offer."""
    with refusals():
        parse_offer(data.decode(errors="replace"))


def request_headers(data: bytes) -> None:
    """Headers by which the service tells pages, hosts and prefixes apart."""
    host, origin, prefix, *_ = [*data.decode("latin-1").split("\n"), "", "", ""]
    with refusals():
        check_access(Headers({"host": host, "origin": origin}), AccessSettings())
    assert ".." not in forwarded_prefix(prefix).split("/")


def decoder_answer(data: bytes) -> None:
    """What a decoder says that a hostile file has taken over."""
    with suppress(ValueError, RecursionError):
        assert DecodingResult.parse(data).size >= 0


def _json(*messages: Mapping[str, object]) -> tuple[bytes, ...]:
    return tuple(json.dumps(message).encode() for message in messages)


SESSION = {"audio": {"output": {"language": "pt", "voice": "joe"}}, "session_id": f"sess_{24 * '0'}"}
OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
    b"c=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:96 opus/48000/2\r\na=ice-ufrag:abcd\r\n"
    b"a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=fingerprint:sha-256 00:11\r\n"
)
TARGETS: Mapping[Callable[[bytes], None], tuple[bytes, ...]] = {
    bridge_message: _json(
        {"type": "config", "source_language": "pt", "target_language": "en", "glossary": {"a": "b"}},
        {"type": "config", "session_id": 32 * "0", "resume_from_ms": 0, "target_languages": ["en", "pt"]},
        {"type": "audio", "data": "AAA="},
        {"type": "end"},
    ),
    translation_event: _json(
        {"type": "session.update", "event_id": "e", "session": SESSION},
        {"type": "session.input_audio_buffer.append", "audio": "AAA="},
        {"type": "session.close"},
    ),
    realtime_event: _json(
        {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"format": None}}}},
        {"type": "session.update", "session": {"modalities": ["text"], "voice": "joe"}},
        {
            "type": "session.update",
            "session": {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}},
        },
        {"type": "input_audio_buffer.append", "audio": "AAA="},
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": []}},
        {"type": "response.create", "response": {"output_modalities": ["text"], "input": []}},
    ),
    call_offer: (OFFER,),
    request_headers: (b"localhost:8000\nhttp://localhost:8000\n/speech", b"[::1]:1\nnull\n//a/../b"),
    decoder_answer: (DecodingResult(2, "", "").packet(), DecodingResult(0, "too_large", "a").packet()),
}
"""Target -> what a mutation begins with."""
