"""Scores of what a service answered: words heard, translation, simultaneity, captions taken back."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import yaml
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from load_tests import simultaneity
from load_tests.answers import Exchange, Piece, Utterance, exchanges
from load_tests.said import Said
from load_tests.simultaneity import Sounding, tokens
from load_tests.words import Errors, errors, normalised


@dataclass(frozen=True, slots=True)
class Lag:
    """A mean over sentences, in milliseconds."""

    computation_aware: float
    not_computation_aware: float


@dataclass(frozen=True, slots=True)
class Translation:
    """Against the references, 0 to 100 each, with the signatures that make them comparable."""

    chrf: float
    bleu: float
    chrf_normalised: float
    """Without punctuation and case, and with numbers up to ten in words on both sides."""
    signatures: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Scores:
    """All that is said of one pair of languages."""

    source: str
    target: str
    sentences: int
    distinct: int
    """Different sentences among them."""
    lost: int
    """Sentences of which no translation came."""
    invented: int
    """Utterances where nobody spoke."""
    recognition: Errors
    translation: Translation | None
    """None: there are no references in this language."""
    average_lagging: Lag | None
    """Of the translation as text; None here and below: there was none."""
    length_adaptive: Lag | None
    token_delay: Lag | None
    """Of the voice."""
    erased: int
    """Words of captions that changed after they had been shown."""
    shown: int
    """Words of final captions."""
    taken_back: int
    """Committed captions, stable words and clauses of translation that came again with other words."""

    @property
    def normalized_erasure(self) -> float:
        """Words taken back per word of the final caption."""
        return self.erased / self.shown if self.shown else 0.0


@cache
def references(source: str, target: str) -> Mapping[str, str]:
    """Translations of the recordings' sentences, by what is said; empty where there are none."""
    known = yaml.safe_load((files("load_tests") / "references.yaml").read_text("utf-8"))
    return {each["said"]: each[target] for each in known.get(source, ()) if target in each}


def score(sessions: Sequence[Said], source: str, target: str) -> Scores:
    """The sessions together."""
    known = references(source, target)
    found = [each for said in sessions for each in _exchanged(said, known)]
    strays = [each for said in sessions for each in exchanges(said.spans_ms, said.answers.utterances)[1]]
    heard = [each for said in sessions for each in said.answers.utterances]
    captions = [[tokens(each.text, source) for each in utterance.captions] for utterance in heard]
    return Scores(
        source=source,
        target=target,
        sentences=sum(len(said.texts) for said in sessions),
        distinct=len({tuple(texts) for said in sessions for texts in said.texts}),
        lost=sum(len(each.exchange.numbers) for each in found if not each.answer("translation")),
        invented=len(strays),
        recognition=_recognition(found, strays, source),
        translation=_translation(found, target),
        average_lagging=_mean([each.lagging(target, adaptive=False) for each in found]),
        length_adaptive=_mean([each.lagging(target, adaptive=True) for each in found]),
        token_delay=_mean([each.token_delay() for each in found]),
        erased=sum(simultaneity.erased(each) for each in captions),
        shown=sum(len(tokens(each.text, source)) for each in heard),
        taken_back=sum(said.answers.taken_back for said in sessions),
    )


@dataclass(frozen=True, slots=True)
class _Exchanged:
    """An exchange in words, and by the clock."""

    exchange: Exchange
    said: str
    expected: str | None
    """The reference of its translation."""
    began: float
    """When its speech began (monotonic seconds)."""

    def answer(self, part: str) -> str:
        """``part`` of its utterances, "text" or "translation", in one."""
        return " ".join(filter(None, (getattr(each, part) for each in self.exchange.utterances)))

    def lagging(self, target: str, *, adaptive: bool) -> Lag | None:
        """Of the words of its translation."""
        words = [
            time
            for utterance in self.exchange.utterances
            for piece in utterance.clauses
            for time in [self._time(utterance, piece)] * len(tokens(piece.text, target))
        ]
        if not words:
            return None
        wanted = len(words) if self.expected is None else len(tokens(self.expected, target))
        measure = simultaneity.length_adaptive_average_lagging if adaptive else simultaneity.average_lagging
        aware, unaware = ([getattr(each, name) for each in words] for name in ("at_ms", "read_ms"))
        return Lag(measure(aware, self._source_ms, wanted), measure(unaware, self._source_ms, wanted))

    def token_delay(self) -> Lag | None:
        """Of its voice."""
        pieces = [
            self._time(utterance, piece)
            for utterance in self.exchange.utterances
            for piece in utterance.voice
        ]
        if not any(each.duration_ms for each in pieces):
            return None
        ideal = [replace(each, at_ms=each.read_ms) for each in pieces]
        return Lag(simultaneity.average_token_delay(pieces), simultaneity.average_token_delay(ideal))

    @property
    def _source_ms(self) -> float:
        return self.exchange.end_ms - self.exchange.start_ms

    def _time(self, utterance: Utterance, piece: Piece) -> Sounding:
        over = piece.is_late and utterance is self.exchange.utterances[-1]
        read_ms = self._source_ms if over else piece.read_ms - self.exchange.start_ms
        return Sounding(
            at_ms=1_000 * (piece.at - self.began),
            read_ms=min(max(read_ms, 0.0), self._source_ms),
            duration_ms=piece.duration_ms,
        )


def _exchanged(said: Said, known: Mapping[str, str]) -> Iterator[_Exchanged]:
    for exchange in exchanges(said.spans_ms, said.answers.utterances)[0]:
        texts = [text for number in exchange.numbers for text in said.texts[number]]
        wanted = [known.get(text) for text in texts]
        yield _Exchanged(
            exchange,
            " ".join(texts),
            None if None in wanted else " ".join(filter(None, wanted)),
            said.pace.spoken_at(exchange.start_ms),
        )


def _recognition(found: Sequence[_Exchanged], strays: Sequence[Utterance], language: str) -> Errors:
    """Lost sentences count with all their words, and so do words that nobody said."""
    made = [errors(each.said, each.answer("text"), language) for each in found]
    invented = [Errors(len(tokens(normalised(each.text, language), language))) for each in strays]
    return sum([*made, *invented], Errors())


def _translation(found: Sequence[_Exchanged], language: str) -> Translation | None:
    pairs = [(each.answer("translation"), each.expected) for each in found if each.expected is not None]
    if not pairs:
        return None
    answers, expected = [list(texts) for texts in zip(*pairs, strict=True)]
    plain, wanted = ([normalised(text, language) for text in texts] for texts in (answers, expected))
    chrf, bleu = CHRF(), BLEU()
    return Translation(
        chrf=chrf.corpus_score(answers, [expected]).score,
        bleu=bleu.corpus_score(answers, [expected]).score,
        chrf_normalised=chrf.corpus_score(plain, [wanted]).score,
        signatures=(f"chrF {chrf.get_signature()}", f"BLEU {bleu.get_signature()}"),
    )


def _mean(lags: Sequence[Lag | None]) -> Lag | None:
    known = [each for each in lags if each is not None]
    if not known:
        return None
    return Lag(
        statistics.fmean(each.computation_aware for each in known),
        statistics.fmean(each.not_computation_aware for each in known),
    )
