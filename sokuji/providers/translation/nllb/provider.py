"""Text translation with NLLB-200, under CTranslate2 or ONNX Runtime.

A text is divided into sentences, which the model does best one at a time; those of all callers are computed
together, whatever their languages. A sentence whose translation would be longer than allowed is divided again
rather than cut.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sokuji.config import NllbConfig, Settings, check_live
from sokuji.contract import Effort, Pairs, TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import ConfigError, NotSupported, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.batching import Batcher, Job, JobResult
from sokuji.providers.isolation import answers
from sokuji.providers.translation import validation
from sokuji.providers.translation.nllb.loading import Loaded, load
from sokuji.providers.translation.nllb.text import TextPart, assemble, halves, split
from sokuji.providers.translation.nllb.tokens import BeamSearchOptions, EncoderInput, Hypothesis, Runtime

_PROBE = "1."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """A translated piece."""

    text: str
    log_probability: float
    tokens: int


class Nllb:
    """An NLLB model; see ``Translator`` in base.py for the contract."""

    def __init__(self, config: NllbConfig) -> None:
        self.config = config
        self._loaded: Loaded | None = None
        self._batcher: Batcher | None = None

    async def load(self) -> None:
        """Load the model, and translate a word.

        Raises:
            ConfigError: the device, the precision or an execution provider is not to be had on this machine.
            ModelMissing: the model is not to be had, or damaged.
        """
        loaded, workers = await asyncio.to_thread(load, self.config)
        batcher = Batcher("nllb", workers=workers, batch_size=self.config.max_batch_size)
        try:
            await batcher.run(_probe(loaded))
            self._loaded, self._batcher = loaded, batcher
        except Exception as error:  # Of the runtime's own classes, or KeyError for graphs of something else.
            raise ConfigError(
                f"translation_model {self.config.translation_model!r} cannot be computed "
                f"({type(error).__name__}): it is no NLLB model, or too large for the device's memory",
                param="translation_model",
            ) from error
        finally:
            if self._batcher is not batcher:
                batcher.shutdown()

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which takes a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        if self._batcher is not None:
            self._batcher.batch_size = config.max_batch_size

    async def describe(self) -> TranslatorInfo:
        """Every pair of the languages that the model has tokens for."""
        loaded, _ = self._ready()
        return TranslatorInfo(
            provider=self.config.provider, model=self.config.translation_model, pairs=loaded.pairs
        )

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One answer for each request, in the same order."""
        return await answers("translation", requests, self._answer)

    async def check(self) -> None:
        """Seek the first token of a translation."""
        loaded, batcher = self._ready()
        if not math.isfinite((await batcher.run(_probe(loaded))).value):
            raise ProviderFailed("the translator computes no finite numbers")

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        if self._batcher is not None:
            self._batcher.shutdown()

    def _ready(self) -> tuple[Loaded, Batcher]:
        if self._loaded is None or self._batcher is None:
            raise ProviderUnavailable("the translator is not loaded")
        return self._loaded, self._batcher

    async def _answer(self, request: TranslationRequest) -> TranslatedText:
        loaded, batcher = self._ready()
        _accept(request, loaded.pairs)
        pieces = list(split(request.text))
        jobs = [
            _translate(loaded, piece.text.rstrip(), request, self.config)
            for piece in pieces
            if piece.is_sentence
        ]
        return _translation(pieces, await _all(batcher, jobs))


async def _all(batcher: Batcher, jobs: Sequence[Job[_Said]]) -> list[JobResult[_Said]]:
    """The answers of all jobs; once one has failed, no more of the others is begun."""
    runs = [asyncio.ensure_future(batcher.run(job)) for job in jobs]
    try:
        return await asyncio.gather(*runs)
    finally:
        for run in runs:
            run.cancel()


@dataclass(frozen=True, slots=True, eq=False)
class _Sentence:
    """The translation of a sentence as a step."""

    source: EncoderInput
    search: BeamSearchOptions
    runtime: Runtime
    most = 1_000
    """The batcher's own limit is the lower one."""
    spare = False

    @property
    def bucket(self) -> BeamSearchOptions:
        """See ``Step``."""
        return self.search

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[Hypothesis]:
        """See ``Step``."""
        return steps[0].runtime.translate([each.source for each in steps], steps[0].search)


def _translate(loaded: Loaded, text: str, request: TranslationRequest, config: NllbConfig) -> Job[_Said]:
    """Steps that translate a sentence, whole if it can be."""
    if loaded.tokens.length(text) > config.max_input_length:
        # What looks like one word and is longer than that is none.
        parts = halves(text) or (text[: len(text) // 2], text[len(text) // 2 :])
        return (yield from _in_parts(loaded, parts, request, config))
    search = BeamSearchOptions(config.num_beams, config.max_length, config.length_penalty)
    source = loaded.tokens.source(text, request.source, request.target)
    found: Hypothesis = yield _Sentence(source, search, loaded.runtime)
    if found.is_whole:
        return _Said(loaded.tokens.text(found.ids), found.log_probability, len(found.ids) + 1)
    if (shorter := halves(text)) is None:
        raise ProviderFailed(
            f"the translation of a word does not end within max_length ({config.max_length}) tokens"
        )
    return (yield from _in_parts(loaded, shorter, request, config))


def _in_parts(
    loaded: Loaded, parts: tuple[str, str], request: TranslationRequest, config: NllbConfig
) -> Job[_Said]:
    said = []
    for part in parts:
        said.append((yield from _translate(loaded, part.rstrip(), request, config)))
    return _Said(
        assemble([TextPart(part, is_sentence=True) for part in parts], [each.text for each in said]),
        sum(each.log_probability for each in said),
        sum(each.tokens for each in said),
    )


def _probe(loaded: Loaded) -> Job[float]:
    first, second, *_ = loaded.tokens.languages
    source = loaded.tokens.source(_PROBE, first, second)
    found: Hypothesis = yield _Sentence(source, BeamSearchOptions(1, 1, 1.0), loaded.runtime)
    return found.log_probability


def _translation(pieces: Sequence[TextPart], answers: Sequence[JobResult[_Said]]) -> TranslatedText:
    """A text from its pieces. Its score is the mean probability (geometric) of its tokens."""
    tokens = sum(answer.value.tokens for answer in answers)
    total = sum(answer.value.log_probability for answer in answers)
    return TranslatedText(
        text=assemble(pieces, [answer.value.text for answer in answers]),
        score=min(1.0, math.exp(total / tokens)) if tokens else None,
        effort=_effort([answer.effort for answer in answers]),
    )


def _effort(efforts: Sequence[Effort]) -> Effort | None:
    """That of sentences which were translated at the same time."""
    if not efforts:
        return None
    queued_s = min(effort.queued_s for effort in efforts)
    return Effort(
        queued_s=queued_s,
        busy_s=max(effort.queued_s + effort.busy_s for effort in efforts) - queued_s,
        batch_size=max(effort.batch_size for effort in efforts),
    )


def _accept(request: TranslationRequest, pairs: Pairs) -> None:
    validation.check(request, pairs)
    if request.context:
        raise NotSupported("this translator takes no context", param="context")
    if request.glossary:
        raise NotSupported("this translator takes no glossary", param="glossary")
