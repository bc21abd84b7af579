"""How far a simultaneous translation lags behind its speaker, by the field's measures: pure.

A *delay* belongs to a word of the output: how many milliseconds of source speech had passed when the word
came. There are two ways to count it, as in SimulEval (Ma et al. 2020, https://arxiv.org/abs/2007.16193):
**computation-aware**, by the clock, so that delays go on growing after the speech is over; and not, by how
much of the speech had been read for the word, as if computing took no time, so that none exceeds the duration
of the speech. Definitions are those of SimulEval's scorers, with the source in milliseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

TOKEN_MS = 300.0
"""Speech that counts as a word in the average token delay."""


@dataclass(frozen=True, slots=True)
class MeanLag:
    """A mean over sentences, in milliseconds."""

    computation_aware: float
    not_computation_aware: float


def average_lagging(delays_ms: Sequence[float], source_ms: float, target_words: int) -> float:
    """Average Lagging (Ma et al. 2019, https://arxiv.org/abs/1810.08398), in milliseconds.

    AL = 1/tau * sum_{i=1..tau} (d_i - (i - 1) * |X| / |Y|), where tau is the first i with d_i >= |X|, or the
    last word. It is the lag behind an output that would keep pace with the speaker from the first moment on.
    Where the first word comes after the end of the speech it is the delay of that word.

    Args:
        delays_ms: d_1 to d_n, of each word of the output, at least one.
        source_ms: |X|, the duration of the speech.
        target_words: |Y|, words of the reference translation, at least one.
    """
    pace_ms = source_ms / target_words
    lags = []
    for number, delay_ms in enumerate(delays_ms):
        lags.append(delay_ms - number * pace_ms)
        if delay_ms >= source_ms:
            break
    return sum(lags) / len(lags)


def length_adaptive_average_lagging(
    delays_ms: Sequence[float], source_ms: float, reference_words: int
) -> float:
    """LAAL (Papi et al. 2022, https://arxiv.org/abs/2206.05807), in milliseconds.

    Average lagging with |Y| = max(words of the output, words of the reference), so that an output that is too
    long does not look faster than it is.
    """
    return average_lagging(delays_ms, source_ms, max(len(delays_ms), reference_words))


@dataclass(frozen=True, slots=True)
class VoiceChunk:
    """A chunk of the translated voice; times in milliseconds from the beginning of the source speech."""

    at_ms: float
    """When it came."""
    read_ms: float
    """How much of the source had been read for it; never more than there is."""
    duration_ms: float


def average_token_delay(chunks: Iterable[VoiceChunk]) -> float:
    """ATD of a voice (Kano et al. 2023, https://arxiv.org/abs/2211.13173), in milliseconds.

    ATD = 1/|Y| * sum_t (T(y_t) - T(x_a(t))): source and voice are cut into tokens of ``TOKEN_MS`` (what is
    left of a chunk is one more), and each token of the voice is compared with the source token that it
    corresponds to. That is the source token with the same number t, less the tokens by which the voice had
    been ahead of the source that was read before its chunk, and at most the last one that was read. T is the
    time at which a token ends when the chunks are played one after another, none before it has come. Unlike
    average lagging it counts how long the voice goes on talking.

    Args:
        chunks: at least one, in order. With ``at_ms`` by the clock this is computation-aware, with
            ``at_ms == read_ms`` it is not.
    """
    source_ends, voice_end = [0.0], 0.0
    read_ms = 0.0
    before_source = before_voice = spoken = 0
    delays: list[float] = []
    for chunk in chunks:
        if chunk.read_ms > read_ms or not delays:
            before_source, before_voice = len(source_ends) - 1, spoken
            for token_ms in _cut(chunk.read_ms - read_ms):
                source_ends.append(source_ends[-1] + token_ms)
            read_ms = chunk.read_ms
        voice_end = max(voice_end, chunk.at_ms)
        for token_ms in _cut(chunk.duration_ms):
            spoken += 1
            voice_end += token_ms
            source = spoken - max(0, before_voice - before_source)
            delays.append(voice_end - source_ends[min(source, len(source_ends) - 1)])
    return sum(delays) / len(delays)


def _cut(duration_ms: float) -> list[float]:
    complete, rest = divmod(duration_ms, TOKEN_MS)
    return [TOKEN_MS] * int(complete) + ([rest] if rest else [])


def erased(versions: Sequence[Sequence[str]]) -> int:
    """Words of a growing caption that were replaced: its versions as they were shown, the final one last.

    The sum of E_i = |o_(i-1)| - |LCP(o_(i-1), o_i)|, with LCP the longest common prefix (Arivazhagan et al.
    2020, https://arxiv.org/abs/2004.03643). Divided by the words of the final version it is the *normalized
    erasure*; over several captions both are summed first.
    """
    return sum(len(before) - _common(before, after) for before, after in pairwise(versions))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common prefix."""
    different = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(different, min(len(one), len(other)))
