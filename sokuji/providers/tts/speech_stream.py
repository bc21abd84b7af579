"""Speech streamed by a service: splits texts to its request limit, and its audio into chunks.

Audio is passed on as it arrives. The last ``CHUNK_MS`` are held back until more has arrived, because the
final chunk must be marked ``last``. The network may split the audio anywhere, also within a sample.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.providers.tts import phrase_splitting
from sokuji.text.punctuation import has_words

CHUNK_MS = 20
"""Least length of a chunk other than the last, and of the audio that is held back."""
MAX_BASE_S = 10.0
MAX_S_PER_CHARACTER = 2.0
"""A text takes at most ``MAX_BASE_S`` plus this time for each character at normal speed. A digit of a long
number takes about half a second, some signs more."""

_ERROR_TYPES = ("json", "html", "xml", "text/plain")
"""Parts of the content type of an error message. The services do not document the type of raw samples."""


def split_text(text: str, max_characters: int) -> list[str]:
    """A text in parts of at most ``max_characters``, cut between sentences where possible.

    Characters that cannot be spoken are removed first; parts without a letter or a digit are left out.
    """
    text = phrase_splitting.speakable_text(text).strip()
    parts = [text] if len(text) <= max_characters else _join_phrases(text, max_characters)
    return [part for part in parts if has_words(part)]


def _join_phrases(text: str, max_characters: int) -> list[str]:
    # A phrase may exceed its limit by SLACK and by the comma that is added at a cut within a sentence.
    longest = int(max_characters / phrase_splitting.SLACK) - 1
    parts = [""]
    for phrase in phrase_splitting.split_phrases(text, first=longest, longest=longest):
        longer = f"{parts[-1]} {phrase.text}".strip()
        if len(longer) <= max_characters:
            parts[-1] = longer
        else:
            parts.append(phrase.text)
    return parts


def require_audio(name: str) -> Callable[[Mapping[str, str]], None]:
    """A check of response headers that raises ProviderFailed for an error message instead of audio.

    Args:
        name: the service, for the message.
    """

    def check_headers(headers: Mapping[str, str]) -> None:
        content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if any(part in content_type for part in _ERROR_TYPES):
            raise ProviderFailed(f"{name} sent {content_type[:40]} instead of audio")

    return check_headers


@dataclass(slots=True)
class SpeechStream:
    """Audio that a service sends for one request: mono int16 little-endian PCM, split anywhere.

    Args:
        name: the service, for messages.
        rate: samples per second.
        speed: 2.0 speaks twice as fast.
        max_s: limit of the audio of one part of the text, in seconds.
    """

    name: str
    rate: int
    speed: float = 1.0
    max_s: float = float("inf")
    _held: bytearray = field(default_factory=bytearray)
    _started: bool = False

    async def chunks(
        self, parts: Sequence[str], request_audio: Callable[[str], AsyncGenerator[bytes, None]]
    ) -> AsyncGenerator[AudioChunk, None]:
        """The audio of all parts, one after the other; a single empty chunk if there are no parts.

        Args:
            parts: the text, split by ``split_text``.
            request_audio: requests the audio of one part from the service.

        Raises:
            ProviderFailed: a part got no audio, or more than its text can take.
            SokujiError: whatever ``request_audio`` raises, after the audio received before.
        """
        min_bytes = 2 * (self.rate * CHUNK_MS // 1_000)
        try:
            for part in parts:
                received = 0
                async with aclosing(request_audio(part)) as audio:
                    async for data in audio:
                        received += len(data)
                        self._check_length(received, part)
                        self._held += data
                        if len(self._held) >= 2 * min_bytes:
                            yield self._take((len(self._held) - min_bytes) & ~1)
                if received < 2:
                    raise ProviderFailed(f"{self.name} sent no audio")
                # Half a sample at the end of a part would shift the samples of the next.
                del self._held[len(self._held) & ~1 :]
        except SokujiError:
            # If nothing has been passed on yet, another provider can still speak the whole text.
            if self._started and self._held:
                yield self._take(len(self._held) & ~1)
            raise
        yield self._take(len(self._held), last=True)

    def _check_length(self, received: int, part: str) -> None:
        longest_s = (MAX_BASE_S + MAX_S_PER_CHARACTER * len(part)) / min(self.speed, 1.0)
        if received > 2 * self.rate * min(longest_s, self.max_s):
            raise ProviderFailed(f"{self.name} sent more audio than the text can need")

    def _take(self, size: int, *, last: bool = False) -> AudioChunk:
        pcm = bytes(self._held[:size])
        del self._held[:size]
        self._started = True
        return AudioChunk(pcm, self.rate, last)
