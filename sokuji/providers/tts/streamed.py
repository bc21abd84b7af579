"""Speech that a service sends as it makes it: texts in portions it takes, bytes in chunks of whole samples.

Sound is passed on as it comes. Only its last moment is held back until more has come, so that the chunk that
is marked ``last`` is the last one. A network cuts where it likes, also within a sample.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.providers.tts import phrases

CHUNK_MS = 20
"""The shortest chunk but for the last one, and what is held back."""
MOST_S = 10.0
MOST_S_PER_CHARACTER = 2.0
"""A text takes no longer at normal speed: a figure of a long number half a second, some signs more."""

_NO_SOUND = ("json", "html", "xml", "text/plain")
"""In the type of a body that tells of an error. Which type raw samples have the services do not document."""


def portions(text: str, most: int) -> list[str]:
    """A text in parts of at most ``most`` characters, cut at the ends of sentences as far as there are any.

    What has no sound is taken out first; without a letter or a figure nothing is left.
    """
    text = phrases.clean(text).strip()
    parts = [text] if len(text) <= most else _joined(text, most)
    return [part for part in parts if any(map(str.isalnum, part))]


def _joined(text: str, most: int) -> list[str]:
    # A phrase may be over its length by SLACK and the comma that stands for a cut within a sentence.
    longest = int(most / phrases.SLACK) - 1
    parts = [""]
    for phrase in phrases.split(text, first=longest, longest=longest):
        longer = f"{parts[-1]} {phrase.text}".strip()
        if len(longer) <= most:
            parts[-1] = longer
        else:
            parts.append(phrase.text)
    return parts


def refuse_other_than_sound(name: str) -> Callable[[Mapping[str, str]], None]:
    """A check of the headers of an answer by the service ``name``; it raises ProviderFailed."""

    def look(headers: Mapping[str, str]) -> None:
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if any(part in kind for part in _NO_SOUND):
            raise ProviderFailed(f"{name} sent {kind[:40]} where sound should be")

    return look


@dataclass(slots=True)
class SpeechStream:
    """Sound that comes in: mono int16 little-endian PCM, cut anywhere.

    Args:
        name: the service, for messages.
        rate: samples per second.
        speed: at which it is spoken.
        most_s: of one portion, whatever its text.
    """

    name: str
    rate: int
    speed: float = 1.0
    most_s: float = float("inf")
    _held: bytearray = field(default_factory=bytearray)
    _begun: bool = False

    async def chunks(
        self, parts: Sequence[str], ask: Callable[[str], AsyncGenerator[bytes, None]]
    ) -> AsyncGenerator[AudioChunk, None]:
        """The sound of all parts, one after the other; a single empty chunk where there are none.

        Args:
            parts: texts, see ``portions``.
            ask: the body of the service's answer to one of them.

        Raises:
            ProviderFailed: no sound came for a part, or more than its text can take.
            SokujiError: what ``ask`` raises, after the sound that came before.
        """
        least = 2 * (self.rate * CHUNK_MS // 1_000)
        try:
            for part in parts:
                came = 0
                async with aclosing(ask(part)) as pieces:
                    async for piece in pieces:
                        came += len(piece)
                        self._check(came, part)
                        self._held += piece
                        if len(self._held) >= 2 * least:
                            yield self._take((len(self._held) - least) & ~1)
                if came < 2:
                    raise ProviderFailed(f"{self.name} sent no sound")
                # Half a sample at the end would shift all that comes behind it.
                del self._held[len(self._held) & ~1 :]
        except SokujiError:
            # Where nothing has been passed on yet, another provider can still speak all of it.
            if self._begun and self._held:
                yield self._take(len(self._held) & ~1)
            raise
        yield self._take(len(self._held), last=True)

    def _check(self, came: int, part: str) -> None:
        longest_s = (MOST_S + MOST_S_PER_CHARACTER * len(part)) / min(self.speed, 1.0)
        if came > 2 * self.rate * min(longest_s, self.most_s):
            raise ProviderFailed(f"{self.name} sent more sound than its text can take")

    def _take(self, size: int, *, last: bool = False) -> AudioChunk:
        pcm = bytes(self._held[:size])
        del self._held[:size]
        self._begun = True
        return AudioChunk(pcm, self.rate, last)
