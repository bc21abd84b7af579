"""One listener's connection: what is chosen, and then events until the broadcast ends or the listener leaves.

What waits for a listener is bounded (``Mailbox``), so that nobody waits for a slow one.
"""

import asyncio
import logging
from typing import NoReturn

from starlette.status import WS_1000_NORMAL_CLOSURE, WS_1012_SERVICE_RESTART

from sokuji.api.broadcasts.messages import ListenMessage, decode_listen, encode_letter
from sokuji.api.client_socket import ClientSocket
from sokuji.api.service import Service
from sokuji.api.session_connection import CLOSE_TIMEOUT_S, ClientDisconnected
from sokuji.broadcast.feed import Feed, Seat
from sokuji.broadcast.mailbox import Letter
from sokuji.errors import InvalidRequest, SokujiError, UnknownVoice, UnsupportedLanguage
from sokuji.events import Done, Draining, Failed, Joined, ListenerEvent, ListeningOffer, VoiceSkipped
from sokuji.languages import parse_source
from sokuji.metrics import broadcasts as metrics
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.protocol import AudioEncoding

log = logging.getLogger(__name__)


class ListenerConnection:
    """Serves one listener."""

    def __init__(self, socket: ClientSocket, service: Service, address: str) -> None:
        self._socket = socket
        self._service = service
        self._address = address
        self._encoding: AudioEncoding = "pcm_binary"
        self._close_code = WS_1000_NORMAL_CLOSURE

    async def serve(self) -> None:
        """Serve the listener until one side closes."""
        error: SokujiError | None = None
        try:
            await self._service.admit(self._address)
            async with self._service.relay.place():
                await self._send(Letter(self._offer()))
                await self._listen(await self._first_message())
        except ClientDisconnected:
            metrics.record_end(None)
            return
        except SokujiError as refusal:
            error = refusal
        except Exception:
            log.exception("a listener's connection failed")
            error = SokujiError("the connection failed; connect again")
        code = error.close_code if error else self._close_code
        metrics.record_end(code)
        await self._close(code, error)

    def _offer(self) -> ListeningOffer:
        languages = sorted({target for _, target in self._service.pipeline.catalogue.speech_pairs})
        return ListeningOffer(
            languages=tuple(languages), voiced=tuple(each for each in languages if self._has_voice(each))
        )

    async def _first_message(self) -> ListenMessage:
        timeout_s = self._service.settings.limits.config_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await self._socket.first_result(self._decode, self._report)
        except TimeoutError:
            raise InvalidRequest(
                f"no listen message came within {timeout_s:g} s; send one right after connecting",
                param="type",
            ) from None

    def _decode(self, frame: str | bytes) -> ListenMessage:
        message = decode_listen(frame)
        self._service.pipeline.catalogue.check_speech_pair(None, message.target)
        return message

    async def _report(self, error: SokujiError) -> None:
        await self._send(Letter(Failed(error)))

    async def _listen(self, message: ListenMessage) -> None:
        language, self._encoding = message.target, message.audio_encoding
        voice = message.output == "audio" and self._has_voice(language)
        listening = self._service.relay.listen(
            message.broadcast, language, voice=voice, after=message.after
        )  # fmt: skip
        async with listening as (feed, seat):
            self._check_language(feed, language)
            log.info("a listener has joined")
            await self._send(
                Letter(
                    Joined(
                        language=language,
                        voice=voice,
                        source_language=feed.source_language,
                        state=feed.state,
                    )
                )
            )
            await self._forward(seat)
        log.info("a listener has left")

    async def _forward(self, seat: Seat) -> None:
        """Send what comes until there is no more; raises why the connection has to be closed before."""
        tasks = [
            asyncio.create_task(each)
            for each in (self._send_all(seat), seat.mailbox.until_overrun(), self._receive())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            metrics.record_skipped(seat.mailbox.take_skipped_ms())

    async def _send_all(self, seat: Seat) -> None:
        while letters := await seat.mailbox.take():
            for letter in letters:
                if isinstance(letter.event, Draining):
                    self._close_code = WS_1012_SERVICE_RESTART
                await self._send(letter)
            if skipped_ms := seat.mailbox.take_skipped_ms():
                metrics.record_skipped(skipped_ms)
                await self._send(Letter(VoiceSkipped(skipped_ms)))
        if self._close_code == WS_1000_NORMAL_CLOSURE:
            await self._send(Letter(Done()))

    async def _receive(self) -> NoReturn:
        """Wait until the listener leaves. Whatever comes is refused: a choice holds for a connection."""

        def refuse(frame: str | bytes) -> None:
            raise InvalidRequest(
                "a listener sends nothing more; to choose again, connect again", param="type"
            )

        while True:
            await self._socket.handle_frame(refuse, self._report, may_be_idle=True)

    async def _send(self, letter: Letter[ListenerEvent]) -> None:
        for frame in encode_letter(letter, self._encoding):
            await self._socket.send(frame)

    def _has_voice(self, language: str) -> bool:
        try:
            self._service.pipeline.catalogue.voice(DEFAULT_VOICE, language)
        except (UnknownVoice, UnsupportedLanguage):
            return False
        return True

    def _check_language(self, feed: Feed, language: str) -> None:
        source = parse_source(feed.source_language)
        self._service.pipeline.catalogue.check_speech_pair(source, language)

    async def _close(self, code: int, error: SokujiError | None) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                if error is not None:
                    log.info("a listener's connection ends: %s: %s", error.code, error.message)
                    await self._send(Letter(Failed(error, fatal=True)))
                await self._socket.close(code, error.code if error else "")
        except (ClientDisconnected, TimeoutError, SokujiError):
            log.debug("the listener had left before the close code %d", code)
