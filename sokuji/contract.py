"""The contract of a provider: the Protocols of the stages, and the data that crosses them.

A provider answers a batch of requests from different callers. A request that fails has its error as its
answer, so that one bad request never fails the others of its batch. A provider keeps no state between calls:
all context is in the request, so that any replica can serve any call. All methods are coroutines; computation
runs in threads of the provider, never on the event loop.
"""

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sokuji.config import AudioFormat, Settings, VoiceSettings
from sokuji.errors import SokujiError
from sokuji.telemetry import call_ids
from sokuji.telemetry.call_ids import CallIds

GPU_FRACTION = "SOKUJI_GPU_FRACTION"
"""Environment variable: GPUs that the process of a provider may use, such as 0.5 or 2; unset: no limit."""

StageName = Literal["stt", "translation", "tts", "speakers"]
ACTIVITIES: Mapping[StageName, str] = {
    "stt": "recognition",
    "translation": "translation",
    "tts": "speech synthesis",
    "speakers": "speaker diarization",
}
"""What each stage does, in messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How busy the workers of one replica of a provider are, whoever calls it."""

    replica: str
    """Names the process."""
    workers: int
    """Computations that can run at the same time."""
    busy: float
    """Workers that computed what somebody waits for, on average over the last ``BUSY_WINDOW_S``: 0 to
    ``workers``."""


BUSY_WINDOW_S = 8.0
"""Time constant of the exponential average in ``WorkerReport.busy``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The time that a request took in its provider."""

    queued_s: float
    """Seconds before its computation began: it waited for a free worker and for its batch."""
    busy_s: float
    """Seconds of computation of the batches that it was part of."""
    batch_size: int
    """Size of the largest of these batches."""
    work_s: float = 0.0
    """Seconds of one worker: of each batch the share of this request."""
    report: WorkerReport | None = None
    """None: the provider has no workers of its own here, like a service that is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRequest:
    """What the requests of all stages have in common: for whom they are, which decides their order.

    Urgent requests go first. Among equals, callers take turns, however many requests each of them has.
    """

    caller: str = ""
    """Names the session or the REST call that the request is for. Requests without one are of one caller."""
    deferrable: bool = False
    """Nobody listens as the speech goes on, as with a recording or a REST call: live speech goes first."""
    ids: CallIds = field(default_factory=call_ids.current, compare=False)
    """What it belongs to, for logs: by default what the task that makes it works on."""

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for the answer."""
        return not self.deferrable


ANONYMOUS = StageRequest()
"""What a provider does for itself, such as a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionRequest(StageRequest):
    """One utterance to recognise."""

    pcm: bytes
    """Mono int16 little-endian PCM at 16 kHz (``sokuji.audio.pcm.RECOGNISER_RATE``)."""
    language: str | None = None
    """Canonical language code (``sokuji.languages``); None: detect it."""
    language_prior: Mapping[str, float] = field(default_factory=dict)
    """How probable each language is before the speech is heard, for detection: canonical code -> relative
    probability, above 0. The language detected is one of these. Empty: any language, all equally probable."""
    task: Literal["transcribe", "translate"] = "transcribe"
    """``translate``: the text is in English whatever the language spoken (Whisper's own translation)."""
    context: str = ""
    """Names and words that are likely to be spoken; only for providers with ``takes_context``."""
    draft: str = ""
    """What the transcript may be: a provider may use it to be faster, and for nothing else."""
    word_times: bool = False
    """Whether to fill ``Transcript.words``; only for providers with ``gives_word_times``."""
    thorough: bool = False
    """The audio is from a recording: accuracy is worth more than a little time."""
    once_more: bool = False
    """A translation of the same speech lacked something: decide differently, where that is possible."""
    interim: bool = False
    """The utterance goes on and the transcript is soon superseded: one pass by one provider is enough."""

    @property
    def urgent(self) -> bool:
        """See ``StageRequest``; a transcript that is soon superseded is not."""
        return not (self.interim or self.deferrable)


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """A part of a transcript; times in milliseconds from the start of the request's audio."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None
    """Label of who says it, set by the pipeline; None: not asked for, or not known."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a transcript, with its punctuation; times as in ``TranscriptSegment``."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The text of an utterance; empty if there is no speech in it."""

    text: str
    language: str
    """Canonical code of the language spoken, also if ``text`` is a translation."""
    confidence: float | None = None
    """0 to 1, from token probabilities; None if the provider reports none."""
    segments: tuple[TranscriptSegment, ...] = ()
    words: tuple[Word, ...] = ()
    """All words of ``text``, if the request has ``word_times``. Joined by the spaces of
    ``text`` they are ``text``."""
    speakers: "SpeakerTurns | None" = None
    """Who speaks when in the request's audio, set by the pipeline where that is asked for; None: not
    known."""
    provider: str | None = None
    """Name of the provider that answered, set by the pipeline; with fallback it need not be the first."""
    effort: Effort | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationRequest(StageRequest):
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
    """0 to 1; None if the provider reports none."""
    provider: str | None = None
    """As in ``Transcript``; None: no translation was needed."""
    effort: Effort | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest(StageRequest):
    """One text to speak."""

    text: str
    language: str
    voice: str | None = None
    """A voice id of the provider; None: its default voice for the language."""
    speed: float = 1.0
    """Relative to the voice's own speed: 2.0 is twice as fast."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A part of synthesised speech: mono int16 little-endian PCM."""

    pcm: bytes
    sample_rate: int
    last: bool
    """True on the final chunk of the request, and only there."""
    provider: str | None = None
    """As in ``Transcript``."""
    effort: Effort | None = field(default=None, compare=False)
    """Time that the chunk took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice of a synthesiser; requests name it by ``id``."""

    id: str
    name: str
    language: str
    """BCP-47 tag of the voice's own language, for example ``en-US``."""
    languages: tuple[str, ...]
    """Canonical codes of all languages the voice can speak."""
    gender: Literal["female", "male"] | None = None
    sample_rate: int = 22_050


@dataclass(frozen=True, slots=True, kw_only=True)
class DiarizationRequest(StageRequest):
    """Speech in which speakers are to be told apart."""

    pcm: bytes
    """Mono int16 little-endian PCM at 16 kHz (``sokuji.audio.pcm.RECOGNISER_RATE``)."""


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """Speech of one speaker; times in milliseconds from the start of the request's audio."""

    start_ms: int
    end_ms: int
    voice: bytes
    """What the voice is like: a vector of length 1, 32-bit little-endian floats. The scalar product of two is
    high if they are of one speaker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerTurns:
    """Who speaks when in a piece of speech. Speakers have no names here: two turns can be of one of them."""

    turns: tuple[SpeakerTurn, ...]
    """In order of time; they do not overlap."""
    same_speaker: float
    """Scalar product of two voices from which they are taken for the same."""
    provider: str | None = None
    """As in ``Transcript``."""
    effort: Effort | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserInfo:
    """What a recogniser can do."""

    provider: str
    model: str
    languages: tuple[str, ...]
    unusable_languages: tuple[str, ...] = ()
    """Those of ``languages`` in which about half of the words or more are wrong with this model."""
    translates_to: tuple[str, ...] = ()
    """Languages that ``task="translate"`` can produce."""
    takes_context: bool = False
    gives_word_times: bool = False
    workers: WorkerReport | None = field(default=None, compare=False)
    """At the moment; None: as in ``Effort``."""
    scales_to_zero: bool = field(default=False, compare=False)
    """Whether its processes are ended while nobody calls it; a call, ``describe`` too, starts one again."""


@dataclass(frozen=True, slots=True)
class Pairs(Collection[tuple[str, str]]):
    """All pairs of a source and a different target, stored as two lists.

    For translators of hundreds of languages, which have tens of thousands of pairs.
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
    """What a translator can do."""

    provider: str
    model: str
    pairs: tuple[tuple[str, str], ...] | Pairs
    takes_context: bool = False
    takes_glossary: bool = False
    glossary_languages: tuple[str, ...] = ()
    """Languages between which it takes a glossary, if ``takes_glossary``; empty: all of its languages."""
    workers: WorkerReport | None = field(default=None, compare=False)
    """At the moment; None: as in ``Effort``."""
    scales_to_zero: bool = field(default=False, compare=False)
    """Whether its processes are ended while nobody calls it; a call, ``describe`` too, starts one again."""

    def takes_glossary_for(self, source: str, target: str) -> bool:
        """Whether a request for this pair may have a glossary."""
        known = self.glossary_languages
        return self.takes_glossary and (not known or (source in known and target in known))


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesiserInfo:
    """What a synthesiser can do. The first voice that speaks a language is the default for this language."""

    provider: str
    model: str
    voices: tuple[Voice, ...]
    audio_format: AudioFormat = "wav"
    """Format of files with its speech, if the request names none."""
    speeds: tuple[float, float] = (0.25, 4.0)
    """The lowest and the highest ``speed`` that it accepts."""
    reads_notation: bool = False
    """Whether it says numbers, dates and signs itself, in the words of the language; the pipeline gives words
    alone to others (``sokuji.text.spoken``)."""
    workers: WorkerReport | None = field(default=None, compare=False)
    """At the moment; None: as in ``Effort``."""
    scales_to_zero: bool = field(default=False, compare=False)
    """Whether its processes are ended while nobody calls it; a call, ``describe`` too, starts one again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiarizerInfo:
    """What a diarizer can do. It knows no languages: voices differ in any."""

    provider: str
    model: str
    workers: WorkerReport | None = field(default=None, compare=False)
    """At the moment; None: as in ``Effort``."""
    scales_to_zero: bool = field(default=False, compare=False)
    """Whether its processes are ended while nobody calls it; a call, ``describe`` too, starts one again."""


class Provider(Protocol):
    """The life cycle of a provider: ``load`` is called first, ``aclose`` last.

    The life cycle is apart from the stages below because a stage that is called through a Serve handle has
    none: its replicas load and close their providers themselves.
    """

    @property
    def config(self) -> Settings:
        """The settings now in use."""

    async def load(self) -> None:
        """Load the model and run it once, so that the first caller does not wait for it.

        Raises:
            ConfigError: a setting cannot take effect on this machine.
            ModelMissing: a model file is absent or damaged.
        """

    def update(self, config: Settings) -> None:
        """Replace the settings from the next request on; calls in progress keep the old ones.

        Raises:
            ConfigError: a field that is not ``LIVE`` differs, which requires a new model; nothing is changed.
        """

    async def check(self) -> None:
        """Run the smallest real inference; raises what the inference raises when the model is broken."""

    async def aclose(self) -> None:
        """Free the model and end the threads."""


class Recogniser(Protocol):
    """Recognises utterances."""

    async def describe(self) -> RecogniserInfo:
        """What the recogniser can do; cheap, no inference."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """One transcript, or its error, for each request, in the order of the requests."""


class Translator(Protocol):
    """Translates texts."""

    async def describe(self) -> TranslatorInfo:
        """What the translator can do; cheap, no inference."""

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One translation, or its error, for each request, in the order of the requests."""


class Synthesiser(Protocol):
    """Speaks texts."""

    async def describe(self) -> SynthesiserInfo:
        """What the synthesiser can do; cheap, no inference."""

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Chunks as they are made, the final one with ``last``; closing the generator ends the synthesis."""


class Diarizer(Protocol):
    """Tells speakers apart."""

    async def describe(self) -> DiarizerInfo:
        """What the diarizer can do; cheap, no inference."""

    async def diarize(self, requests: Sequence[DiarizationRequest]) -> list[SpeakerTurns | SokujiError]:
        """The turns, or the error, of each request, in the order of the requests."""


class RecogniserProvider(Provider, Recogniser, Protocol):
    """A recogniser with its model in this process, or with its own client of a service."""


class TranslatorProvider(Provider, Translator, Protocol):
    """A translator, as ``RecogniserProvider``."""


class SynthesiserProvider(Provider, Synthesiser, Protocol):
    """A synthesiser, as ``RecogniserProvider``."""

    @property
    def config(self) -> VoiceSettings:
        """The settings now in use."""


class DiarizerProvider(Provider, Diarizer, Protocol):
    """A diarizer, as ``RecogniserProvider``."""
