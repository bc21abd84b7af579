"""What a provider is: three Protocols, one per stage, and the plain data that crosses them.

A provider answers a batch of requests of different callers; an item that fails is returned as its error,
so that one bad member never harms its batch-mates. Nothing is remembered between calls: all context travels
in the request, so that any replica can serve any call. All methods are coroutines; a provider that computes
does so in its own ``Worker`` threads, never on the event loop.
"""

import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from sokuji.config.tts import AudioFormat
from sokuji.errors import SokujiError

log = logging.getLogger(__name__)

T = TypeVar("T")
Q = TypeVar("Q")

StageName = Literal["stt", "translation", "tts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What an answer took in its provider."""

    queued_s: float
    """Seconds before its computation began: for a free worker and for batch-mates."""
    busy_s: float
    """Seconds of computation, that of its batch-mates included."""
    batch_size: int
    """How many were computed together, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionRequest:
    """One utterance to recognise."""

    pcm: bytes
    """Mono int16 little-endian PCM at 16 kHz (``sokuji.audio.pcm.RECOGNISER_RATE``)."""
    language: str | None = None
    """Canonical language code (``sokuji.languages``); None: detect it."""
    task: Literal["transcribe", "translate"] = "transcribe"
    """``translate``: the text comes out in English whatever is spoken (Whisper's own translation)."""
    context: str = ""
    """Names and words that are likely to be heard; only for providers with ``takes_context``."""
    prefix: str = ""
    """Words with which the transcript begins, already known; only for providers with ``takes_prefix``."""
    word_times: bool = False
    """Whether ``Transcript.words`` is wanted; only for providers with ``gives_word_times``."""
    interim: bool = False
    """A hypothesis about speech that goes on: soon superseded, so that nothing is done twice for it."""


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """A piece of a transcript; times in milliseconds from the start of the request's audio."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in the transcript, punctuation included; times as those of a segment."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was heard. ``text`` is empty where no speech was found."""

    text: str
    """With the request's ``prefix``, unchanged, at its beginning."""
    language: str
    """Canonical code of the language spoken (also where ``text`` is its translation)."""
    confidence: float | None = None
    """0 to 1, from token probabilities; None where the provider reports none."""
    segments: tuple[TranscriptSegment, ...] = ()
    words: tuple[Word, ...] = ()
    """All words of ``text`` (prefix included) where the request wanted their times; joined by the spaces that
    are in ``text`` they are ``text``."""
    provider: str | None = None
    """Who recognised it: of several in a stage, not always the first. The pipeline fills it in."""
    effort: Effort | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationRequest:
    """One text to translate."""

    text: str
    source: str
    target: str
    context: tuple[str, ...] = ()
    """Preceding sentences in the source language, oldest first."""
    glossary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedText:
    """A translated text."""

    text: str
    score: float | None = None
    """0 to 1; None where the provider reports none."""
    provider: str | None = None
    """Who translated it, as for ``Transcript``; None: nobody had to."""
    effort: Effort | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """One text to speak."""

    text: str
    language: str
    voice: str | None = None
    """A voice id of the provider; None: its default voice for the language."""
    speed: float = 1.0
    """2.0 speaks twice as fast."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of synthesised speech: mono int16 little-endian PCM."""

    pcm: bytes
    sample_rate: int
    last: bool
    """True on the final chunk of the request, and only there."""
    provider: str | None = None
    """Who speaks, as for ``Transcript``."""
    effort: Effort | None = field(default=None, compare=False)
    """Of the first chunk, on that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice that can be asked for by ``id``."""

    id: str
    name: str
    language: str
    """BCP-47 tag of the voice's own language, for example ``en-US``."""
    languages: tuple[str, ...]
    """Canonical codes of all languages the voice can speak."""
    gender: Literal["female", "male"] | None = None
    sample_rate: int = 22_050


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserInfo:
    """What a recogniser can do, as data."""

    provider: str
    model: str
    languages: tuple[str, ...]
    translates_to: tuple[str, ...] = ()
    """Languages that ``task="translate"`` can produce."""
    takes_context: bool = False
    takes_prefix: bool = False
    gives_word_times: bool = False


@dataclass(frozen=True, slots=True)
class Pairs(Collection[tuple[str, str]]):
    """Each of some languages into each other of some: says as much as a tuple of all pairs, in two lists.

    It is for translators who know hundreds of languages, and so tens of thousands of pairs.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]

    def __contains__(self, pair: object) -> bool:
        match pair:
            case (source, target):
                return source != target and source in self.sources and target in self.targets
        return False

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((source, target) for source in self.sources for target in self.targets if source != target)

    def __len__(self) -> int:
        return len(self.sources) * len(self.targets) - len({*self.sources} & {*self.targets})


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatorInfo:
    """What a translator can do, as data."""

    provider: str
    model: str
    pairs: tuple[tuple[str, str], ...] | Pairs
    takes_context: bool = False
    takes_glossary: bool = False
    glossary_languages: tuple[str, ...] = ()
    """Languages between which it takes a glossary; empty: all of its own, if it takes any."""

    def takes_glossary_for(self, source: str, target: str) -> bool:
        """Whether a request for this pair may have a glossary."""
        known = self.glossary_languages
        return self.takes_glossary and (not known or (source in known and target in known))


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesiserInfo:
    """What a synthesiser can do, as data; the first voice that covers a language is its default there."""

    provider: str
    model: str
    voices: tuple[Voice, ...]
    audio_format: AudioFormat = "wav"
    """Of files with its voice, where who asks for one does not choose."""
    speeds: tuple[float, float] = (0.25, 4.0)
    """The slowest and the fastest that it speaks."""


class Provider(Protocol):
    """The life of a loaded model; a provider is one of these and one of the three stages below.

    ``load`` comes before everything else, ``aclose`` after. One whose settings have LIVE fields also has
    ``update(config)``, which takes over new values of those; calls in flight keep the old ones. A stage
    reached over the network has no life of its own here, which is why the two are apart.
    """

    config: Any

    async def load(self) -> None:
        """Load the model and run it once, so that the first caller does not pay for it.

        Raises:
            ConfigError: a setting cannot take effect on this machine.
            ModelMissing: a model file is absent or damaged.
        """

    async def check(self) -> None:
        """Run the smallest real inference; raises whatever it raises when the model is broken."""

    async def aclose(self) -> None:
        """Free the model and the threads."""


class Recogniser(Protocol):
    """Recognises utterances."""

    async def describe(self) -> RecogniserInfo:
        """What it can do; cheap, no inference."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One answer for each request, in the same order."""


class Translator(Protocol):
    """Translates texts."""

    async def describe(self) -> TranslatorInfo:
        """What it can do; cheap, no inference."""

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One answer for each request, in the same order."""


class Synthesiser(Protocol):
    """Speaks texts."""

    async def describe(self) -> SynthesiserInfo:
        """What it can do; cheap, no inference."""

    def synthesize(self, request: SynthesisRequest) -> AsyncIterator[AudioChunk]:
        """Chunks as they are made, the final one marked ``last``; closing the iterator stops the work."""
