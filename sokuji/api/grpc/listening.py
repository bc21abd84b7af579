"""``TranscribeStream`` as a session: chunks of live speech in, a final transcript of each utterance out."""

import time
from typing import NoReturn

from sokuji import events
from sokuji.api.grpc.audio_chunks import ChunkFormat, format_of, pcm_of
from sokuji.api.grpc.call import Call, parsed
from sokuji.api.grpc.methods import DOOR
from sokuji.api.grpc.session_call import closing_error
from sokuji.errors import InvalidRequest, NotRecognised, SokujiError
from sokuji.proto.common_pb2 import AudioChunk, TranscriptionResult
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session


class ListeningTransport:
    """See ``Transport``. The first chunk opens the session, and its format is that of all."""

    door = DOOR

    def __init__(self, call: Call) -> None:
        self.closing: SokujiError | None = None
        """See ``CallTransport``."""
        self._call = call
        self._format: ChunkFormat | None = None

    @property
    def open_timeout_s(self) -> float:
        """See ``Transport``."""
        return self._call.service.settings.limits.config_timeout_s

    async def open_session(self) -> Session:
        """See ``Transport``."""
        data = await self._call.read(None)
        if data is None:
            raise InvalidRequest("the stream has no audio; send AudioChunk messages")
        chunk = parsed(AudioChunk, data)
        self._format = format_of(chunk)
        session = self._call.service.new_session()
        session.configure(
            ConversationSettings(
                target_languages=(),
                input_sample_rate=self._format.sample_rate,
                channels=self._format.channels,
                speak=False,
            )
        )
        self._feed(session, chunk)
        return session

    async def receive(self, session: Session) -> None:
        """See ``Transport``."""
        idle_s = self._call.service.settings.limits.idle_timeout_s
        while True:
            await session.hold_back()
            data = await self._call.read(idle_s)
            if data is None:
                break
            self._feed(session, parsed(AudioChunk, data))
        session.end()
        await self._call.until_gone()

    async def discard(self) -> NoReturn:
        """See ``Transport``."""
        while await self._call.read(None) is not None:
            pass
        await self._call.until_gone()
        raise AssertionError

    async def send(self, event: events.Event) -> None:
        """See ``Transport``.

        A sound without words has no result. An utterance that fails otherwise ends the stream, whose messages
        cannot say so.
        """
        if isinstance(event, events.Failed) and not isinstance(event.error, NotRecognised):
            raise event.error
        if isinstance(event, events.Transcription) and event.is_final and event.text:
            await self._call.respond(_result(event))

    async def close(self, code: int, error: SokujiError | None) -> None:
        """See ``Transport``."""
        self.closing = closing_error(code, error)

    def _feed(self, session: Session, chunk: AudioChunk) -> None:
        found = format_of(chunk)
        if found != self._format:
            raise InvalidRequest(
                "all chunks of a stream must have the sample_rate, channels and format of the first one",
                param="sample_rate",
            )
        session.feed(pcm_of(chunk.data, found.samples, "data"))


def _result(event: events.Transcription) -> TranscriptionResult:
    return TranscriptionResult(
        text=event.text,
        language=event.language,
        confidence=event.confidence or 0.0,
        timestamp=time.time(),
        start_time=event.start_ms / 1_000,
        end_time=event.end_ms / 1_000,
        is_final=True,
    )
