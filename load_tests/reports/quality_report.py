"""The scores of ``quality`` as JSON and as a table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType

from load_tests.measurements.intelligibility import Intelligibility
from load_tests.measurements.streaming_scores import StreamingScores
from load_tests.measurements.translation_quality import QualityScores, received
from load_tests.measurements.word_errors import CHARACTERS, ErrorCount
from load_tests.reports.report import known, table
from load_tests.scenarios.quality_runs import QualityRun
from load_tests.scenarios.sessions import ServiceSession

LAG_KINDS = {"clock": "computation_aware", "read": "not_computation_aware"}
TRANSLATION_SCORES = ("chrf", "chrf_normalised", "bleu")
HEADINGS = (
    *("pair", "run", "said", "lost", "word errors", "chrF", "norm.", "BLEU", "voice errors"),
    *("erased", "taken back", "lag", "AL", "LAAL", "StreamLAAL", "ATD of voice"),
)


@dataclass(frozen=True, slots=True)
class PairQuality:
    """All that was measured of one pair of languages."""

    run: QualityRun
    scores: QualityScores
    voice: Intelligibility | None
    sessions: Sequence[ServiceSession]
    streaming: StreamingScores | None
    """None: there are no references."""

    def report(self) -> dict[str, Any]:
        """For JSON."""
        scores, voice = self.scores, self.voice
        texts = dict.fromkeys((each.text, each.translation) for each in received(self.sessions))
        return {
            "run": asdict(self.run),
            **asdict(scores),
            "streaming": self.streaming and asdict(self.streaming),
            "recognition": _rate(scores.recognition),
            "recognition_unit": "characters" if scores.source in CHARACTERS else "words",
            "normalized_erasure": scores.normalized_erasure,
            "voice": voice and {"errors": _rate(voice.voice), "recogniser_alone": _rate(voice.recordings)},
            "errors": dict(sum((each.errors for each in self.sessions), Counter())),
            "texts": [{"heard": text, "translation": translation} for text, translation in texts],
        }

    def cells(self) -> list[str]:
        """All columns of the table but the lags."""
        scores, translation = self.scores, self.scores.translation
        return [
            f"{scores.source} to {scores.target}",
            self.run.label,
            str(scores.sentences),
            str(scores.lost),
            f"{scores.recognition.rate:.1%}" + ("*" if scores.source in CHARACTERS else ""),
            *(known(getattr(translation, name, None), "{:.1f}") for name in TRANSLATION_SCORES),
            known(self.voice.voice.rate if self.voice else None, "{:.1%}"),
            f"{scores.normalized_erasure:.2f}",
            str(scores.taken_back),
        ]


def _rate(errors: ErrorCount | None) -> dict[str, float] | None:
    return None if errors is None else {**asdict(errors), "rate": errors.rate}


def parts(measured: Sequence[PairQuality], target: str) -> Iterator[RenderableType]:
    """The table, and the notes without which the numbers cannot be read."""
    yield table("Errors, scores of translations, lag in milliseconds, captions", HEADINGS, _rows(measured))
    all_scores = [each.scores for each in measured]
    yield from dict.fromkeys(
        line for each in all_scores if each.translation for line in each.translation.signatures
    )
    yield f"there are {max(each.distinct for each in all_scores)} sentences of each language, repeated"
    if any(each.source in CHARACTERS for each in all_scores):
        yield "*: errors in characters, not words"
    alone = next((each.voice.recordings for each in measured if each.voice is not None), None)
    if alone is not None:
        yield (
            "voice errors include those of the recogniser that transcribes the voice; on the recordings in "
            f"{target!r}, which are other sentences, its error rate is {alone.rate:.1%}"
        )


def _rows(measured: Sequence[PairQuality]) -> Iterator[Sequence[str] | None]:
    """Two rows for each pair of languages, because there are two ways to count a lag."""
    for each in measured:
        scores, cells = each.scores, each.cells()
        for kind, name in LAG_KINDS.items():
            stream_laal = each.streaming and each.streaming.stream_laal
            lags = (scores.average_lagging, scores.length_adaptive, stream_laal, scores.token_delay)
            yield *cells, kind, *(known(getattr(lag, name, None), "{:,.0f}") for lag in lags)
            cells = [""] * len(cells)
        yield None
