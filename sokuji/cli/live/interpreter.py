"""A live conversation between a sound device, a service or models, and a screen.

The microphone is heard until somebody stops it; then what was said is finished, and its voice played to the
end. Nothing waits without a bound: if the conversation takes nothing for a minute, what is heard then is
lost, and the screen says so.
"""

import asyncio
from contextlib import suppress
from enum import Enum, auto

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import StreamingResampler
from sokuji.cli.live.conversation import LiveConversation
from sokuji.cli.live.echo import EchoDetector
from sokuji.cli.live.recorder import Recorder
from sokuji.cli.live.screen import Screen
from sokuji.cli.live.sound_device import FRAME_MS, VOICE_RATE, SoundDevice
from sokuji.cli.live.voice_queue import VoiceQueue
from sokuji.errors import ConfigError

MAX_WAITING_FRAMES = 60_000 // FRAME_MS
"""Of what was heard and not sent: a minute, as while a lost connection is made again."""
_LONGER_S = 2.0
"""How much longer than it lasts the rest of a voice may take to be played."""
_TALK_KEYS = " \r\n"
_QUIT_KEYS = "qQ"


class _Mark(Enum):
    """What comes among the parts that were heard."""

    FLUSH = auto()
    """The speaker has ended an utterance."""
    END = auto()


class LiveInterpreter:
    """One conversation, for one call of ``run``; made on the event loop.

    Args:
        speaks: whether there is a voice to play.
        push_to_talk: what is heard is sent between two presses of Space or Enter only.
        recorder: None: nothing is recorded.
    """

    def __init__(
        self,
        conversation: LiveConversation,
        screen: Screen,
        *,
        speaks: bool,
        push_to_talk: bool,
        recorder: Recorder | None,
    ) -> None:
        self._conversation = conversation
        self._screen = screen
        self._speaks = speaks
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._heard_parts: asyncio.Queue[bytes | _Mark] = asyncio.Queue()
        """What was heard and is to be sent; ``_take`` bounds it."""
        self._stopped = self._is_gone = False
        self._push_to_talk = push_to_talk
        self._talks = not push_to_talk
        self._voice = VoiceQueue()
        self._silent = asyncio.Event()
        """Set when the last of what was to be played is taken."""
        self._echo = EchoDetector()
        self._to_recogniser_rate = StreamingResampler(VOICE_RATE, RECOGNISER_RATE)
        self._warned: set[str] = set()

    def stop(self) -> None:
        """Hear no more, and finish."""
        if not self._stopped:
            self._stopped = True
            self._heard_parts.put_nowait(_Mark.END)

    def press(self, key: str) -> None:
        """Take a key of the keyboard: Space and Enter begin to talk and end it, q stops."""
        if key in _QUIT_KEYS:
            self.stop()
        elif self._push_to_talk and key in _TALK_KEYS:
            self._talks = not self._talks
            self._show_state()
            if not self._talks:
                self._heard_parts.put_nowait(_Mark.FLUSH)

    async def run(self, device: SoundDevice) -> None:
        """Converse until ``stop``, and then to the end of the last voice.

        Raises:
            ConfigError: the device cannot be used, or is gone before ``stop``.
            SokujiError: the conversation has ended; the class says why.
        """
        with device.open(self._heard, self._played if self._speaks else None, self._lost):
            tasks = [asyncio.create_task(each) for each in (self._listen(), self._show())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                self._stopped = True
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()
        if self._is_gone:
            raise ConfigError("the microphone is gone; what was said before is finished")

    def _heard(self, pcm: bytes) -> None:
        """In a thread of the device."""
        if self._recorder is not None:
            self._recorder.heard(pcm)
        self._loop.call_soon_threadsafe(self._take, pcm)

    def _played(self, samples: int) -> bytes:
        """In a thread of the device."""
        pcm = self._voice.take(samples)
        if self._recorder is not None:
            self._recorder.played(pcm)
        self._loop.call_soon_threadsafe(self._echo.played, self._to_recogniser_rate.push(pcm))
        if not self._voice.waiting_s:
            self._loop.call_soon_threadsafe(self._silent.set)
        return pcm

    def _lost(self) -> None:
        """In a thread of the device; also when it is closed in the end."""
        self._loop.call_soon_threadsafe(self._microphone_gone)

    def _microphone_gone(self) -> None:
        if not self._stopped:
            self._is_gone = True
            self.stop()

    def _take(self, pcm: bytes) -> None:
        self._screen.set_level(pcm)
        if self._echo.heard(pcm):
            self._warn_once("the microphone hears the loudspeaker; use headphones, or --captions-only")
        if self._stopped or not self._talks:
            return
        if self._heard_parts.qsize() < MAX_WAITING_FRAMES:
            self._heard_parts.put_nowait(pcm)
        else:
            self._warn_once("what is said cannot be sent as fast as it is heard; a part of it is lost")

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._screen.warn(text)

    async def _listen(self) -> None:
        self._show_state()
        while (part := await self._heard_parts.get()) is not _Mark.END:
            if isinstance(part, bytes):
                await self._conversation.send(part)
            else:
                await self._conversation.flush()
        self._screen.set_state("finishing; Ctrl-C again ends at once")
        await self._conversation.end()

    def _show_state(self) -> None:
        if not self._push_to_talk:
            self._screen.set_state("listening; Ctrl-C ends")
        elif self._talks:
            self._screen.set_state("talking; Space ends, q quits")
        else:
            self._screen.set_state("Space to talk, q quits")

    async def _show(self) -> None:
        async for event in self._conversation:
            self._screen.show(event)
            if isinstance(event, events.Audio) and not self._voice.add(event.pcm):
                self._warn_once("the voice is too slow; a part of it is left out")
        if self._speaks:
            # A loudspeaker that is lost plays nothing to its end.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._voice.waiting_s + _LONGER_S):
                    await self._voice_end()

    async def _voice_end(self) -> None:
        while self._voice.waiting_s:
            self._silent.clear()
            await self._silent.wait()
