"""Lag and quality of translations of long-form speech, as the package OmniSTEval computes them.

A service divides a talk into other utterances than the sentences that have references, and what it returns
for one sentence may stand in two translations. OmniSTEval (https://github.com/pe-trik/OmniSTEval) aligns the
words of the whole output with the references (Polák et al. 2025, https://arxiv.org/abs/2509.17349) and scores
each sentence with the words that belong to it. *StreamLAAL* (Papi et al. 2024,
https://arxiv.org/abs/2406.14177) is LAAL over such sentences; the package calls it LongLAAL,
computation-unaware (CU) and aware (CA).

This module writes what the package's command reads, runs it and returns its scores; it computes none.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from load_tests.measurements.simultaneity import MeanLag
from load_tests.measurements.word_errors import CHARACTERS, tokens
from load_tests.scenarios.response_log import OutputChunk, UtteranceResponse
from load_tests.scenarios.sessions import ServiceSession
from sokuji.errors import SokujiError
from sokuji.text.punctuation import words


@dataclass(frozen=True, slots=True)
class StreamingScores:
    """Scores of all sessions together; lags are means over sentences, in milliseconds."""

    chrf: float
    bleu: float
    stream_laal: MeanLag
    long_yaal: MeanLag
    """Of all words, also of those that came after their sentence (Polák et al. 2025)."""
    unanswered: int
    """Sentences with which no word of the output was aligned."""


@dataclass(frozen=True, slots=True)
class StreamingLog:
    """Files for ``omnisteval longform``, in a folder of their own."""

    folder: Path
    target: str

    @property
    def instances(self) -> Path:
        """A line for each session, with a time for each word (or character): ``--hypothesis_file``."""
        return self.folder / "instances.log"

    @property
    def segments(self) -> Path:
        """Where the sentences lie: ``--speech_segmentation``."""
        return self.folder / "segments.yaml"

    @property
    def references(self) -> Path:
        """Their translations, one in a line: ``--ref_sentences_file``."""
        return self.folder / "references.txt"

    def write(self, sessions: Sequence[ServiceSession], known: Mapping[str, str]) -> None:
        """Write what came back for the sessions, whose responses must have been kept.

        Args:
            known: translations of the sentences, by their transcript.

        Raises:
            KeyError: a sentence has no translation.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        segments, translations, lines = [], [], []
        for number, session in enumerate(sessions):
            name = f"session-{number}.wav"
            for (start_ms, end_ms), texts in zip(session.speech.spans_ms, session.speech.texts, strict=True):
                duration_s = (end_ms - start_ms) / 1_000
                segments.append({"wav": name, "offset": start_ms / 1_000, "duration": duration_s})
                translations.append(" ".join(known[text] for text in texts))
            lines.append(json.dumps({"source": name, **self._output(session)}, ensure_ascii=False))
        self.segments.write_text(yaml.safe_dump(segments))
        self.references.write_text("".join(f"{each}\n" for each in translations), "utf-8")
        self.instances.write_text("".join(f"{each}\n" for each in lines), "utf-8")

    def scores(self) -> StreamingScores:
        """What the package makes of the files; without its Moses tokenizer, which needs Perl.

        Raises:
            SokujiError: it ends with an error.
        """
        unit = "--char_level" if self.target in CHARACTERS else "--word_level"
        result = subprocess.run(
            [
                *(sys.executable, "-m", "omnisteval.cli", "longform", unit),
                *("--hypothesis_file", self.instances, "--speech_segmentation", self.segments),
                *("--ref_sentences_file", self.references, "--output_folder", self.folder),
                *("--bleu_tokenizer", "char" if self.target in CHARACTERS else "13a"),
            ],
            # A process of its own: the package forks, which a process with threads of models must not.
            check=False,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise SokujiError(f"omnisteval has failed: {result.stderr.strip()[-500:]}")
        return self._read()

    def _read(self) -> StreamingScores:
        rows = (line.split("\t") for line in (self.folder / "scores.tsv").read_text("utf-8").splitlines()[1:])
        scores = {name: float(value) for name, value in rows}
        sentences = (self.folder / "instances.resegmented.jsonl").read_text("utf-8").splitlines()
        return StreamingScores(
            chrf=scores["chrF"],
            bleu=scores["BLEU"],
            stream_laal=MeanLag(scores["LongLAAL (CA)"], scores["LongLAAL (CU)"]),
            long_yaal=MeanLag(scores["LongYAAL (CA)"], scores["LongYAAL (CU)"]),
            unanswered=sum(not json.loads(sentence)["prediction"] for sentence in sentences),
        )

    def _output(self, session: ServiceSession) -> dict[str, object]:
        units: list[str] = []
        delays: list[tuple[float, float]] = []
        for utterance in session.responses.utterances if session.responses else ():
            for clause in utterance.clauses:
                added = tokens(clause.text, self.target)
                if units and added and not words(added[0]):
                    # A mark that came after its word is no word of its own.
                    units[-1] += added.pop(0)
                units += added
                delays += [_delays(session, utterance, clause)] * len(added)
        return {
            "prediction": ("" if self.target in CHARACTERS else " ").join(units),
            "delays": [read_ms for read_ms, _ in delays],
            "elapsed": [at_ms for _, at_ms in delays],
            "source_length": session.speech.duration_ms,
        }


def _delays(
    session: ServiceSession, utterance: UtteranceResponse, clause: OutputChunk
) -> tuple[float, float]:
    """How much of the recording had been read for a clause, and when it came, in milliseconds.

    What follows the end of an utterance needed the silence in which the service noticed the end.
    """
    at_ms = session.since(0, clause.at)
    read_ms = float(clause.read_ms)
    if clause.is_late and utterance.ended_at is not None:
        read_ms = session.since(0, utterance.ended_at)
    return min(read_ms, at_ms), at_ms
