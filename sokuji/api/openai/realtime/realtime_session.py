"""The state of a realtime session: client events become session calls, session events become server events.

It knows nothing of the connection. ``handle`` and ``take`` never wait: what they cause is in the outbox.
"""

from collections.abc import Awaitable, Callable
from functools import singledispatchmethod

from sokuji import events
from sokuji.api.openai.realtime import client_events as client
from sokuji.api.openai.realtime import transcripts
from sokuji.api.openai.realtime.answering import Answering
from sokuji.api.openai.realtime.configuration import Configuration
from sokuji.api.openai.realtime.input_audio import InputAudio
from sokuji.api.openai.realtime.items import Items, written_item
from sokuji.api.openai.realtime.outbox import Outbox
from sokuji.api.openai.realtime.response_state import Response
from sokuji.api.openai.realtime.responses import Responses
from sokuji.api.openai.realtime.turn_detection import ServerVad
from sokuji.api.openai.realtime.user_audio import SpokenItem
from sokuji.api.openai.wire import ClientEvent, JSONObject, decode_audio
from sokuji.errors import NotSupported
from sokuji.session.session import Session


class RealtimeSession:
    """One client's session.

    Args:
        configuration: has opened ``session``.
        outbox: takes the server events.
        rate_limits: returns the content of ``rate_limits.updated``.
        flush: sends what is in the outbox.
    """

    def __init__(
        self,
        configuration: Configuration,
        session: Session,
        outbox: Outbox,
        rate_limits: Callable[[], list[JSONObject]],
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._configuration = configuration
        self.session = session
        self._outbox = outbox
        self._items = Items()
        self._responses = Responses(outbox, self._items, rate_limits, self._note_done)
        self._input = InputAudio(outbox, self._items, self._note_commit)
        self._answering = Answering(configuration, session, self._items, self._responses, flush)
        self._idle_since_ms = 0.0
        """Time of the input since which nobody has spoken and no response has been played."""
        self._speech_stopped_ms = -1
        """End of the last segment. One that begins there is the rest of a long turn, which was divided."""

    async def run(self) -> None:
        """Make the responses that the client asks for, until it is cancelled."""
        await self._answering.run()

    def handle(self, event: ClientEvent) -> None:
        """Do what a client event asks for.

        Raises:
            SokujiError: nothing has been done; the session goes on, except for ``ENDS_CONNECTION``.
        """
        self._handle(event)

    @singledispatchmethod
    def _handle(self, event: ClientEvent) -> None:
        raise NotSupported(f"{event.type} is for WebRTC; stop the playback in the client", param="type")

    @_handle.register
    def _update(self, event: client.SessionUpdate) -> None:
        self._configuration.update(event.session, self.session)
        self._outbox.emit("session.updated", session=self._configuration.as_dict())

    @_handle.register
    def _append(self, event: client.AudioAppend) -> None:
        self._configuration.ensure_applied(self.session)
        audio_format = self._configuration.current.audio.input.format
        audio = decode_audio(event.audio)
        self.session.feed(audio_format.decoded(audio))
        self._input.append(1_000 * len(audio) / audio_format.sample_bytes / audio_format.sample_rate)

    @_handle.register
    def _commit(self, event: client.AudioCommit) -> None:
        self._input.commit(event.event_id, detects_turns=self._configuration.detects_turns)
        self.session.flush()

    @_handle.register
    def _clear(self, event: client.AudioClear) -> None:
        self._input.clear(event.event_id)
        self.session.clear()

    @_handle.register
    def _create_item(self, event: client.ItemCreate) -> None:
        item = written_item(event.item)
        self._configuration.service.check_text_length(item.text, param="item.content")
        previous = self._items.add(item, event.previous_item_id)
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._outbox.emit(kind, item=item.as_dict(), previous_item_id=previous)
        self._answering.add_written(item)

    @_handle.register
    def _retrieve_item(self, event: client.ItemRetrieve) -> None:
        self._outbox.emit("conversation.item.retrieved", item=self._items.find(event.item_id).as_dict())

    @_handle.register
    def _delete_item(self, event: client.ItemDelete) -> None:
        self._items.delete(event.item_id)
        self._answering.forget(event.item_id)
        self._outbox.emit("conversation.item.deleted", item_id=event.item_id)

    @_handle.register
    def _truncate_item(self, event: client.ItemTruncate) -> None:
        self._items.truncate(event.item_id, event.content_index, event.audio_end_ms)
        self._outbox.emit(
            "conversation.item.truncated",
            item_id=event.item_id,
            content_index=event.content_index,
            audio_end_ms=event.audio_end_ms,
        )

    @_handle.register
    def _create_response(self, event: client.ResponseCreate) -> None:
        self._answering.create(event, is_quiet=self._input.is_quiet)

    @_handle.register
    def _cancel_response(self, event: client.ResponseCancel) -> None:
        self._answering.cancel(event)

    def take(self, event: events.Event) -> None:
        """Take note of an event of the session."""
        match event:
            case events.Ready():
                mode = self._configuration.begin_applied()
                self._input.begin_mode(detects_turns=mode.detects_turns, prefix_ms=mode.prefix_ms)
            case events.Speech():
                self._take_speech(event)
            case events.Transcription():
                self._take_transcription(event)
            case events.TranslationText():
                self._take_translation(event)
            case events.Audio():
                spoken = self._input.item_of(event.segment_id)
                if spoken is not None and spoken.response is not None:
                    self._responses.play(spoken.response, event.pcm)
            case events.Boundary():
                whole = self._input.pass_boundary()
                if whole is not None:
                    self._settle(whole)
            case events.Ack():
                for spoken in self._input.deliver(event.through_ms):
                    self._settle(spoken)
                self._check_idle(event.through_ms)
            case events.Failed():
                self._take_failure(event)

    def _take_speech(self, event: events.Speech) -> None:
        is_continued = event.at_ms == self._speech_stopped_ms
        self._idle_since_ms = max(self._idle_since_ms, event.at_ms)
        if event.state == "stopped":
            self._speech_stopped_ms = event.at_ms
            self._input.stop(event)
            return
        self._input.start(event)
        detection = self._configuration.current.audio.input.turn_detection
        if detection is not None and detection.interrupt_response and not is_continued:
            self._answering.interrupt(event.segment_id)

    def _take_transcription(self, event: events.Transcription) -> None:
        spoken, segment = self._input.item_of(event.segment_id), self._input.segment(event.segment_id)
        if spoken is None or segment is None:
            return
        segment.stable = event.text[: event.stable_chars]
        segment.is_final = event.is_final
        segment.language = event.language
        if event.is_final:
            segment.audio_ms = event.end_ms - event.start_ms
        self._tell(spoken)

    def _take_translation(self, event: events.TranslationText) -> None:
        spoken = self._input.item_of(event.segment_id)
        if spoken is not None:
            spoken.add_translation(event.text)
            if spoken.response is not None:
                self._responses.say(spoken.response, event.text)

    def _take_failure(self, event: events.Failed) -> None:
        segment = None if event.segment_id is None else self._input.segment(event.segment_id)
        if segment is not None:
            segment.error = event.error
        elif event.segment_id is None:
            self._outbox.fail(event.error)

    def _tell(self, spoken: SpokenItem) -> None:
        transcripts.tell(spoken, self._configuration.current.transcription, self._items, self._outbox)

    def _settle(self, spoken: SpokenItem) -> None:
        """Tell what can be told of an item that is more complete than before."""
        self._tell(spoken)
        if not spoken.is_delivered:
            return
        spoken.delivered.set()
        if spoken.response is not None:
            spoken.response.heard_ms = spoken.audio_ms
            self._responses.finish(spoken.response, spoken.answer_error)

    def _note_commit(self, spoken: SpokenItem) -> None:
        self._answering.add_spoken(spoken)
        if spoken.is_delivered:
            self._settle(spoken)
        else:
            self._tell(spoken)

    def _note_done(self, response: Response) -> None:
        played_ms = response.item.audio_ms if response.item else 0
        self._idle_since_ms = max(self._idle_since_ms, self._input.received_ms + played_ms)

    def _check_idle(self, through_ms: int) -> None:
        """Commit silence if it has lasted for ``idle_timeout_ms``."""
        detection = self._configuration.current.audio.input.turn_detection
        if not isinstance(detection, ServerVad) or detection.idle_timeout_ms is None:
            return
        is_idle = self._input.is_quiet and self._responses.current is None
        if is_idle and through_ms - self._idle_since_ms >= detection.idle_timeout_ms:
            from_ms, self._idle_since_ms = self._idle_since_ms, float(through_ms)
            self._input.commit_silence(int(from_ms), through_ms)
