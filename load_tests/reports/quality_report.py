"""The scores of ``quality`` as JSON and as a table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from load_tests.measurements.intelligibility import Intelligibility
from load_tests.measurements.translation_quality import QualityScores, received
from load_tests.measurements.word_errors import CHARACTERS, ErrorCount
from load_tests.reports.report import UNKNOWN, table
from load_tests.scenarios.sessions import ServiceSession

LAG_KINDS = {"clock": "computation_aware", "read": "not_computation_aware"}
HEADINGS = (
    *("pair", "said", "lost", "word errors", "chrF", "norm.", "BLEU", "voice errors"),
    *("erased", "taken back", "lag", "AL", "LAAL", "ATD of voice"),
)


@dataclass(frozen=True, slots=True)
class PairQuality:
    """All that was measured of one pair of languages."""

    scores: QualityScores
    voice: Intelligibility | None
    sessions: Sequence[ServiceSession]

    def report(self) -> dict[str, Any]:
        """For JSON."""
        scores, voice = self.scores, self.voice
        return {
            **asdict(scores),
            "recognition": _rate(scores.recognition),
            "recognition_unit": "characters" if scores.source in CHARACTERS else "words",
            "normalized_erasure": scores.normalized_erasure,
            "voice": voice and {"errors": _rate(voice.voice), "recogniser_alone": _rate(voice.recordings)},
            "errors": dict(sum((each.errors for each in self.sessions), Counter())),
            "texts": self._texts(),
        }

    def _texts(self) -> list[dict[str, str]]:
        """Each caption and its translation, only once."""
        pairs = dict.fromkeys((each.text, each.translation) for each in received(self.sessions))
        return [{"heard": text, "translation": translation} for text, translation in pairs]


def _rate(errors: ErrorCount | None) -> dict[str, float] | None:
    return None if errors is None else {**asdict(errors), "rate": errors.rate}


def parts(measured: Sequence[PairQuality], target: str) -> Iterator[RenderableType]:
    """The table, and the notes without which the numbers cannot be read."""
    yield quality_table([(each.scores, each.voice) for each in measured])
    found = [each.scores for each in measured]
    yield from dict.fromkeys(
        line for each in found if each.translation for line in each.translation.signatures
    )
    yield f"there are {max(each.distinct for each in found)} sentences of each language, repeated"
    if any(each.source in CHARACTERS for each in found):
        yield "*: errors in characters, not words"
    alone = next((each.voice.recordings for each in measured if each.voice is not None), None)
    if alone is not None:
        yield (
            "voice errors include those of the recogniser that transcribes the voice; on the recordings in "
            f"{target!r}, which are other sentences, its error rate is {alone.rate:.1%}"
        )


def quality_table(measured: Sequence[tuple[QualityScores, Intelligibility | None]]) -> Table:
    """Two rows for each pair of languages, because there are two ways to count a lag."""
    return table("Errors, scores of translations, lag in milliseconds, captions", HEADINGS, _rows(measured))


def _rows(
    measured: Sequence[tuple[QualityScores, Intelligibility | None]],
) -> Iterator[Sequence[str] | None]:
    for scores, voice in measured:
        cells = _cells(scores, voice)
        for kind, name in LAG_KINDS.items():
            lags = (scores.average_lagging, scores.length_adaptive, scores.token_delay)
            yield *cells, kind, *(UNKNOWN if lag is None else f"{getattr(lag, name):,.0f}" for lag in lags)
            cells = [""] * len(cells)
        yield None


def _cells(scores: QualityScores, voice: Intelligibility | None) -> list[str]:
    translation = scores.translation
    values = (translation.chrf, translation.chrf_normalised, translation.bleu) if translation else (None,) * 3
    return [
        f"{scores.source} to {scores.target}",
        str(scores.sentences),
        str(scores.lost),
        f"{scores.recognition.rate:.1%}" + ("*" if scores.source in CHARACTERS else ""),
        *(UNKNOWN if value is None else f"{value:.1f}" for value in values),
        f"{voice.voice.rate:.1%}" if voice else UNKNOWN,
        f"{scores.normalized_erasure:.2f}",
        str(scores.taken_back),
    ]
