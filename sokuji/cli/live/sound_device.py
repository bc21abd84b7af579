"""The sound card: a microphone and a loudspeaker, by PortAudio (``sounddevice``), or a script in tests.

PortAudio calls from threads of its own, which must not wait. All that they need is two functions: one takes
what was heard, one gives what is to be played. Rates and formats are converted here, so that the rest has
mono int16 PCM, at ``RECOGNISER_RATE`` in and at ``VOICE_RATE`` out.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any, Protocol

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import StreamingResampler
from sokuji.errors import ConfigError

VOICE_RATE = 24_000
"""Hz of what is played."""
FRAME_MS = 60
Heard = Callable[[bytes], None]
"""Takes PCM at ``RECOGNISER_RATE``; called in another thread."""
Played = Callable[[int], bytes]
"""Gives so many samples at ``VOICE_RATE``; called in another thread."""
Lost = Callable[[], None]
"""Is called when no more is heard: the device was unplugged. In another thread."""


class SoundDevice(Protocol):
    """A microphone and a loudspeaker."""

    def open(self, heard: Heard, played: Played | None, lost: Lost) -> AbstractContextManager[None]:
        """Hear and play within the context.

        Args:
            played: None: nothing is to be played, and no loudspeaker is needed.

        Raises:
            ConfigError: a device is not there, or cannot be opened.
        """


def portaudio() -> ModuleType:
    """The module ``sounddevice``.

    Raises:
        ConfigError: it is not installed, or PortAudio is not; the message says how to install it.
    """
    try:
        import sounddevice
    except ModuleNotFoundError:
        raise ConfigError(
            "sounddevice is not installed, which opens sound cards: pip install 'sokuji-bridge[live]'"
        ) from None
    except OSError:
        raise ConfigError(
            "PortAudio is not installed, which opens sound cards; on Debian: apt install libportaudio2"
        ) from None
    module: ModuleType = sounddevice
    return module


def device_lines() -> list[str]:
    """The devices that there are, a line each, with the numbers and names that select them."""
    sounddevice = portaudio()
    chosen = list(sounddevice.default.device)
    lines = []
    for number, device in enumerate(sounddevice.query_devices()):
        ways = [way for way in ("input", "output") if device[f"max_{way}_channels"]]
        default = " (default)" if number in chosen else ""
        lines.append(f"{number:>3}  {device['name']}: {' and '.join(ways) or 'no channels'}{default}")
    return lines


def device_named(text: str | None) -> int | str | None:
    """How PortAudio is asked for a device: by number, by a part of its name, or (None) the default."""
    return int(text) if text is not None and text.isdecimal() else text


class SoundCard:
    """The devices of this machine.

    Args:
        microphone, loudspeaker: a number of ``device_lines``, or a part of a name; None: the default.
    """

    def __init__(self, microphone: str | None, loudspeaker: str | None) -> None:
        self._microphone = device_named(microphone)
        self._loudspeaker = device_named(loudspeaker)

    @contextmanager
    def open(self, heard: Heard, played: Played | None, lost: Lost) -> Iterator[None]:
        """Hear and play; see ``SoundDevice.open``."""
        sounddevice = portaudio()
        try:
            with _microphone(sounddevice, self._microphone, heard, lost):
                if played is None:
                    yield
                else:
                    with _loudspeaker(sounddevice, self._loudspeaker, played):
                        yield
        except (sounddevice.PortAudioError, ValueError) as error:
            # ValueError: no device, or several, of this name.
            raise ConfigError(f"the sound device cannot be used: {error}; see --list-devices") from None


def _rate(sounddevice: ModuleType, kind: str, device: int | str | None, wanted: int) -> int:
    """The rate at which a device is opened: the one that is wanted, or else its own."""
    check = getattr(sounddevice, f"check_{kind}_settings")
    try:
        check(device=device, channels=1, dtype="int16", samplerate=wanted)
    except sounddevice.PortAudioError:
        return int(sounddevice.query_devices(device, kind)["default_samplerate"])
    return wanted


def _microphone(
    sounddevice: ModuleType, device: int | str | None, heard: Heard, lost: Lost
) -> AbstractContextManager[Any]:
    rate = _rate(sounddevice, "input", device, RECOGNISER_RATE)
    resampler = StreamingResampler(rate, RECOGNISER_RATE)

    def hear(data: Any, frames: int, time: Any, status: Any) -> None:
        heard(resampler.push(bytes(data)))

    stream: AbstractContextManager[Any] = sounddevice.RawInputStream(
        samplerate=rate,
        blocksize=rate * FRAME_MS // 1_000,
        device=device,
        channels=1,
        dtype="int16",
        callback=hear,
        finished_callback=lost,
    )
    return stream


def _loudspeaker(
    sounddevice: ModuleType, device: int | str | None, played: Played
) -> AbstractContextManager[Any]:
    rate = _rate(sounddevice, "output", device, VOICE_RATE)
    resampler = StreamingResampler(VOICE_RATE, rate)
    ready = bytearray()

    def play(data: Any, frames: int, time: Any, status: Any) -> None:
        while len(ready) < len(data):
            ready.extend(resampler.push(played(VOICE_RATE * FRAME_MS // 1_000)))
        data[:] = bytes(ready[: len(data)])
        del ready[: len(data)]

    stream: AbstractContextManager[Any] = sounddevice.RawOutputStream(
        samplerate=rate,
        blocksize=rate * FRAME_MS // 1_000,
        device=device,
        channels=1,
        dtype="int16",
        callback=play,
    )
    return stream
