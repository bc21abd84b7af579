"""The recording of one session: its events as lines of JSON, and its audio where that is permitted."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from sokuji.config.debug import ALL_SESSIONS
from sokuji.debug.recording_writer import RecordingWriter
from sokuji.events import Audio, Event, Failed
from sokuji.protocol import EVENT_TYPES
from sokuji.telemetry import call_ids

EVENTS, HEARD = "events.jsonl", "in.pcm"


class SessionRecording:
    """Records while the settings name the session, from the moment on at which they do.

    Files are named by the time at which the session was opened on this connection and by its id. Audio is
    mono int16 little-endian PCM, as it came and as it went; ``ready`` and ``audio`` events have the rates.
    """

    def __init__(self, writer: RecordingWriter, session_id: str) -> None:
        self._writer = writer
        self._session_id = session_id
        self._stem = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{re.sub(r'[^A-Za-z0-9_-]', '_', session_id)[:64]}"
        self._bytes = 0
        self._is_full = False
        self._left_out = 0
        """Parts that could not be written since the last line."""

    def event(self, event: Event) -> None:
        """Record an event that goes to the client."""
        if not self._is_on:
            return
        if not self._bytes:
            self._line("recording", dict(call_ids.current().items()) | {"session_id": self._session_id})
        self._line(EVENT_TYPES.get(type(event), type(event).__name__.lower()), _fields(event))
        if isinstance(event, Audio) and self._writer.settings.audio:
            self._write(f"{event.target_language}.pcm", event.pcm)

    def heard(self, pcm: bytes) -> None:
        """Record what the client said."""
        if self._is_on and self._writer.settings.audio:
            self._write(HEARD, pcm)

    @property
    def _is_on(self) -> bool:
        named = self._writer.settings.sessions
        return bool(named) and not self._is_full and (self._session_id in named or ALL_SESSIONS in named)

    def _line(self, kind: str, fields: Mapping[str, object]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        missing = {"left_out": self._left_out} if self._left_out else {}
        line = json.dumps({"at": at, "event": kind, **fields, **missing})
        self._write(EVENTS, f"{line}\n".encode())

    def _write(self, suffix: str, data: bytes) -> None:
        if self._is_full:
            return
        if self._bytes + len(data) > self._writer.settings.max_session_bytes:
            self._is_full, suffix, data = True, EVENTS, b'{"event": "recording_full"}\n'
        if self._writer.append(f"{self._stem}.{suffix}", data):
            self._bytes += len(data)
            self._left_out = 0 if suffix == EVENTS else self._left_out
        else:
            self._left_out += 1


def _fields(event: Event) -> dict[str, object]:
    match event:
        case Audio():
            return {**asdict(event), "pcm": None, "bytes": len(event.pcm)}
        case Failed():
            return {**event.error.as_dict(), "fatal": event.fatal, "segment_id": event.segment_id}
    return asdict(event)
