"""Tells speakers apart in one utterance: who says which of its words.

The voices of two utterances are compared elsewhere (``speaker_labels``). Where the diarizer fails, or none of
the words is timed, the transcript stays whole: nothing of what was said is lost.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from sokuji.contract import DiarizationRequest, SpeakerTurn, SpeakerTurns, Transcript, Word
from sokuji.errors import NotSupported, SokujiError
from sokuji.metrics import stages as metrics
from sokuji.pipeline.attempt_span import attempt_span, of_effort
from sokuji.pipeline.attempts import candidate
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.fallback import call
from sokuji.pipeline.members import DiarizerMember
from sokuji.pipeline.served_stages import ServedStages
from sokuji.text.sentence_case import ends_sentence

MIN_PCM_BYTES = 2 * 16_000 // 5
"""A fifth of a second: less has no voice that could be told from another."""
SENTENCE_REACH = 2
"""Words by which a change of the speaker is moved to the end of a sentence: their times are not exact."""

log = logging.getLogger(__name__)

Voice = NDArray[np.float32]
"""A unit vector, see ``SpeakerTurn.voice``."""


@dataclass(frozen=True, slots=True)
class SpeakerPart:
    """What one speaker says of an utterance: characters ``start`` to ``end`` of its text, with their times.

    Times are milliseconds from the start of the utterance's audio.
    """

    start: int
    end: int
    start_ms: int
    end_ms: int
    voice: bytes
    """See ``SpeakerTurn.voice``."""
    first_word: int = 0
    last_word: int = 0
    """Its words are those of the transcript from ``first_word`` to before ``last_word``, if they are
    timed."""

    @property
    def duration_ms(self) -> int:
        """From its beginning to its end."""
        return self.end_ms - self.start_ms


def check_diarization(catalogue: Catalogue, param: str = "diarize") -> None:
    """Refuse to tell speakers apart where no provider does.

    Raises:
        NotSupported: names the setting that adds one.
    """
    if not catalogue.speakers:
        raise NotSupported(
            f"{param}: speakers are not told apart by this service; its operator can add "
            "'speakers: [campplus]' to the args of the Serve config",
            param=param,
        )


async def with_speakers(stages: ServedStages, pcm: bytes, recognised: Awaitable[Transcript]) -> Transcript:
    """The transcript with the turns of its speakers, which are found while it is recognised."""
    diarizing = asyncio.ensure_future(find_turns(stages, pcm))
    try:
        transcript = await recognised
        return dataclasses.replace(transcript, speakers=await diarizing)
    finally:
        diarizing.cancel()
        await asyncio.gather(diarizing, return_exceptions=True)


async def find_turns(stages: ServedStages, pcm: bytes) -> SpeakerTurns | None:
    """Who speaks when in ``pcm`` (mono int16 at 16 kHz); None: that could not be found out."""
    if len(pcm) < MIN_PCM_BYTES:
        return None
    request = DiarizationRequest(caller=stages.caller.name, deferrable=not stages.caller.is_live(), pcm=pcm)
    try:
        return await call(
            [
                candidate(each, request, partial(_diarize, each, request))
                for each in stages.catalogue.speakers
            ],
            stages.resilience,
            deadline_s=stages.deadlines.speakers_s,
            stage="speakers",
        )
    except SokujiError as error:
        log.warning("the speakers of an utterance are not known: %s: %s", error.code, error.message)
        return None


async def _diarize(member: DiarizerMember, request: DiarizationRequest) -> SpeakerTurns:
    began = time.monotonic()
    with attempt_span("speakers", member.info, {}) as span, span.active():
        (answer,) = await member.provider.diarize([request])
        if isinstance(answer, SokujiError):
            raise answer
        span.note(of_effort(answer.effort))
    metrics.record_response("speakers", member.info.provider, time.monotonic() - began, answer.effort)
    member.load.answered(answer.effort, urgent=request.urgent)
    return dataclasses.replace(answer, provider=member.info.provider)


def speaker_parts(transcript: Transcript) -> list[SpeakerPart]:
    """The transcript divided where the speaker changes; nothing if the speakers are not known.

    Without times of the words all of it is of the speaker who speaks longest.
    """
    found = transcript.speakers
    if found is None or not found.turns:
        return []
    turns = _joined(found.turns, found.same_speaker)
    starts = _starts(transcript)
    if len(turns) == 1 or not starts:
        longest = max(turns, key=lambda turn: turn.end_ms - turn.start_ms)
        times = turns[0].start_ms, turns[-1].end_ms
        return [SpeakerPart(0, len(transcript.text), *times, longest.voice, 0, len(transcript.words))]
    owners = [_owner(word, turns) for word in transcript.words]
    return _parts(transcript, starts, turns, _at_sentence_ends(transcript.words, owners))


def _joined(turns: Sequence[SpeakerTurn], same_speaker: float) -> list[SpeakerTurn]:
    """Neighbouring turns of one speaker as one turn."""
    joined = [turns[0]]
    for turn in turns[1:]:
        last = joined[-1]
        if similarity(last.voice, turn.voice) >= same_speaker:
            lengths = last.end_ms - last.start_ms, turn.end_ms - turn.start_ms
            voice = mixed((last.voice, turn.voice), lengths)
            joined[-1] = SpeakerTurn(last.start_ms, turn.end_ms, voice)
        else:
            joined.append(turn)
    return joined


def _owner(word: Word, turns: Sequence[SpeakerTurn]) -> int:
    """The turn in which the middle of a word is, or to which it is nearest."""
    middle = (word.start_ms + word.end_ms) / 2
    distances = [max(turn.start_ms - middle, middle - turn.end_ms, 0) for turn in turns]
    return distances.index(min(distances))


def _at_sentence_ends(words: Sequence[Word], owners: Sequence[int]) -> list[int]:
    """The owners, with each change moved to the nearest end of a sentence within reach."""
    moved = list(owners)
    for change in [number for number, (one, other) in enumerate(pairwise(owners), 1) if one != other]:
        before, behind = moved[change - 1], owners[change]
        reach = sorted(
            range(change - SENTENCE_REACH, change + SENTENCE_REACH + 1), key=lambda at: abs(at - change)
        )
        ends = [at for at in reach if 0 < at < len(words) and ends_sentence(words[at - 1].text)]
        if not ends:
            continue
        low, high = sorted((ends[0], change))
        if all(owner in (before, behind) for owner in moved[low:high]):
            moved[low:high] = [behind if ends[0] < change else before] * (high - low)
    return moved


def _starts(transcript: Transcript) -> list[int]:
    """Where each word begins in the text; nothing if the words are not timed, or are not those of the
    text."""
    starts: list[int] = []
    position = 0
    for word in transcript.words:
        position = transcript.text.find(word.text, position)
        if position < 0:
            return []
        starts.append(position)
        position += len(word.text)
    return starts


def _parts(
    transcript: Transcript, starts: Sequence[int], turns: Sequence[SpeakerTurn], owners: Sequence[int]
) -> list[SpeakerPart]:
    groups = [list(group) for _, group in groupby(range(len(owners)), key=lambda number: owners[number])]
    edges = [0, *(starts[group[0]] for group in groups[1:]), len(transcript.text)]
    return [
        SpeakerPart(
            start,
            end,
            transcript.words[group[0]].start_ms,
            transcript.words[group[-1]].end_ms,
            turns[owners[group[0]]].voice,
            group[0],
            group[-1] + 1,
        )
        for group, (start, end) in zip(groups, pairwise(edges), strict=True)
    ]


def similarity(one: bytes, other: bytes) -> float:
    """Scalar product of two voices."""
    return float(vector(one) @ vector(other))


def mixed(voices: Sequence[bytes], weights: Sequence[float]) -> bytes:
    """The mean of voices, as a unit vector."""
    total = sum(weight * vector(voice) for voice, weight in zip(voices, weights, strict=True))
    mean = np.asarray(total)
    return (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype("<f4").tobytes()


def vector(voice: bytes) -> Voice:
    """A voice as numbers."""
    return np.frombuffer(voice, "<f4")
