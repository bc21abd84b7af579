"""Scores of what a service returned: word errors, translation, simultaneity, captions that were revised."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import yaml
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from load_tests.measurements import simultaneity
from load_tests.measurements.simultaneity import MeanLag, VoiceChunk
from load_tests.measurements.word_errors import ErrorCount, count_errors, normalised, tokens, words
from load_tests.scenarios.response_log import OutputChunk, UtteranceResponse
from load_tests.scenarios.sessions import ServiceSession
from load_tests.scenarios.talk import TalkKind
from load_tests.scenarios.talk import sentences as talk_sentences


@dataclass(frozen=True, slots=True)
class TranslationScores:
    """Against the references, 0 to 100 each, with the signatures that make them comparable."""

    chrf: float
    bleu: float
    chrf_normalised: float
    """Without punctuation and case, and with numbers up to ten in words on both sides."""
    signatures: tuple[str, str]


@dataclass(frozen=True, slots=True)
class QualityScores:
    """All scores of one pair of languages."""

    source: str
    target: str
    sentences: int
    distinct: int
    """Different sentences among them."""
    lost: int
    """Sentences of which no translation came."""
    invented: int
    """Utterances where nobody spoke."""
    recognition: ErrorCount
    translation: TranslationScores | None
    """None: there are no references in this language."""
    average_lagging: MeanLag | None
    """Of the translated text; None here and below: there was none."""
    length_adaptive: MeanLag | None
    token_delay: MeanLag | None
    """Of the voice."""
    erased: int
    """Words of captions that changed after they had been shown."""
    shown: int
    """Words of final captions."""
    taken_back: int
    """Committed captions, stable words and clauses of translation that came again with other words."""

    @property
    def normalized_erasure(self) -> float:
        """Erased words per word of the final captions."""
        return self.erased / self.shown if self.shown else 0.0


@cache
def references(source: str, target: str) -> Mapping[str, str]:
    """Translations of the sentences of recordings and talks, by their transcript; empty if there are none."""
    recorded = yaml.safe_load((files("load_tests") / "references.yaml").read_text("utf-8")).get(source, ())
    talks = [each for kind in get_args(TalkKind) for each in talk_sentences(kind) if source in each]
    return {each["text"]: each[target] for each in recorded if target in each} | {
        each[source]: each[target] for each in talks if target in each
    }


@dataclass(slots=True)
class SentenceGroup:
    """Sentences that the service took together, mostly one, and what came back for them."""

    numbers: list[int]
    """Which sentences of the recording."""
    start_ms: int
    end_ms: int
    utterances: list[UtteranceResponse]
    """Mostly one; none: the sentence was lost."""

    def joined(self, part: Literal["text", "translation"]) -> str:
        """One text of all utterances."""
        return " ".join(filter(None, (getattr(each, part) for each in self.utterances)))


def match_sentences(
    spans_ms: Sequence[tuple[int, int]], utterances: Sequence[UtteranceResponse]
) -> tuple[list[SentenceGroup], list[UtteranceResponse]]:
    """Sentences and utterances that lie at the same place; and utterances where nobody spoke.

    Sentences of one utterance are one group: which words belong to which sentence is not known.
    """
    groups: list[SentenceGroup] = []
    for number, (start_ms, end_ms) in enumerate(spans_ms):
        parts = [each for each in utterances if each.overlaps(start_ms, end_ms)]
        if parts and groups and parts[0] in groups[-1].utterances:
            groups[-1].numbers.append(number)
            groups[-1].end_ms = end_ms
            groups[-1].utterances += parts[1:]
        else:
            groups.append(SentenceGroup([number], start_ms, end_ms, parts))
    placed = {id(utterance) for group in groups for utterance in group.utterances}
    return groups, [each for each in utterances if id(each) not in placed]


def score(sessions: Sequence[ServiceSession], source: str, target: str) -> QualityScores:
    """All sessions together; their responses must have been kept."""
    known = references(source, target)
    groups: list[_ScoredGroup] = []
    strays: list[UtteranceResponse] = []
    utterances = received(sessions)
    for session in sessions:
        matched, unmatched = match_sentences(session.speech.spans_ms, received([session]))
        groups += [_ScoredGroup.of(session, group, known) for group in matched]
        strays += unmatched
    captions = [[tokens(each.text, source) for each in utterance.captions] for utterance in utterances]
    return QualityScores(
        source=source,
        target=target,
        sentences=sum(len(session.speech.texts) for session in sessions),
        distinct=len({texts for session in sessions for texts in session.speech.texts}),
        lost=sum(len(each.group.numbers) for each in groups if not each.group.joined("translation")),
        invented=len(strays),
        recognition=_recognition(groups, strays, source),
        translation=_translation(groups, target),
        average_lagging=_mean([each.lagging(target, simultaneity.average_lagging) for each in groups]),
        length_adaptive=_mean(
            [each.lagging(target, simultaneity.length_adaptive_average_lagging) for each in groups]
        ),
        token_delay=_mean([each.token_delay() for each in groups]),
        erased=sum(simultaneity.erased(each) for each in captions),
        shown=sum(len(tokens(each.text, source)) for each in utterances),
        taken_back=sum(session.responses.revisions for session in sessions if session.responses),
    )


def received(sessions: Sequence[ServiceSession]) -> list[UtteranceResponse]:
    """The utterances of all sessions."""
    return [each for session in sessions if session.responses for each in session.responses.utterances]


@dataclass(frozen=True, slots=True)
class _ScoredGroup:
    group: SentenceGroup
    transcript: str
    reference: str | None
    """Of its translation."""
    began: float
    """When its speech began (monotonic seconds)."""

    @classmethod
    def of(cls, session: ServiceSession, group: SentenceGroup, known: Mapping[str, str]) -> "_ScoredGroup":
        texts = [text for number in group.numbers for text in session.speech.texts[number]]
        expected = [known.get(text) for text in texts]
        reference = None if None in expected else " ".join(filter(None, expected))
        return cls(group, " ".join(texts), reference, session.pace.spoken_at(group.start_ms))

    def lagging(self, target: str, measure: Callable[[list[float], float, int], float]) -> MeanLag | None:
        """Of the words of its translation."""
        output = [
            time
            for utterance in self.group.utterances
            for clause in utterance.clauses
            for time in [self._time(utterance, clause)] * len(tokens(clause.text, target))
        ]
        if not output:
            return None
        expected = len(output) if self.reference is None else len(tokens(self.reference, target))
        delays = ([each.at_ms for each in output], [each.read_ms for each in output])
        return MeanLag(*(measure(each, self._source_ms, expected) for each in delays))

    def token_delay(self) -> MeanLag | None:
        """Of its voice."""
        chunks = [
            self._time(utterance, chunk) for utterance in self.group.utterances for chunk in utterance.voice
        ]
        if not any(each.duration_ms for each in chunks):
            return None
        ideal = [replace(each, at_ms=each.read_ms) for each in chunks]
        return MeanLag(*map(simultaneity.average_token_delay, (chunks, ideal)))

    @property
    def _source_ms(self) -> float:
        return self.group.end_ms - self.group.start_ms

    def _time(self, utterance: UtteranceResponse, chunk: OutputChunk) -> VoiceChunk:
        over = chunk.is_late and utterance is self.group.utterances[-1]
        read_ms = self._source_ms if over else chunk.read_ms - self.group.start_ms
        at_ms = 1_000 * (chunk.at - self.began)
        return VoiceChunk(at_ms, min(max(read_ms, 0.0), self._source_ms), chunk.duration_ms)


def _recognition(
    groups: Sequence[_ScoredGroup], strays: Sequence[UtteranceResponse], language: str
) -> ErrorCount:
    """Lost sentences count with all their words, and so do words that nobody said."""
    matched = [count_errors(each.transcript, each.group.joined("text"), language) for each in groups]
    invented = [ErrorCount(len(words(each.text, language))) for each in strays]
    return sum([*matched, *invented], ErrorCount())


def _translation(groups: Sequence[_ScoredGroup], language: str) -> TranslationScores | None:
    pairs = [
        (each.group.joined("translation"), each.reference) for each in groups if each.reference is not None
    ]
    if not pairs:
        return None
    outputs, expected = [list(texts) for texts in zip(*pairs, strict=True)]
    plain, plain_expected = ([normalised(text, language) for text in each] for each in (outputs, expected))
    chrf, bleu = CHRF(), BLEU()
    return TranslationScores(
        chrf=chrf.corpus_score(outputs, [expected]).score,
        bleu=bleu.corpus_score(outputs, [expected]).score,
        chrf_normalised=chrf.corpus_score(plain, [plain_expected]).score,
        signatures=(f"chrF {chrf.get_signature()}", f"BLEU {bleu.get_signature()}"),
    )


def _mean(lags: Sequence[MeanLag | None]) -> MeanLag | None:
    known = [astuple(each) for each in lags if each is not None]
    return MeanLag(*map(statistics.fmean, zip(*known, strict=True))) if known else None
