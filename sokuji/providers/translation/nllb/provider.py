"""Text translation with NLLB-200, under CTranslate2 or ONNX Runtime.

A text is split into sentences, because the model was trained on single sentences. The sentences of all
callers are computed in common batches, whatever their languages. A sentence whose translation exceeds the
limit is split again rather than cut off.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sokuji.config import NllbConfig, Settings, check_live
from sokuji.contract import Effort, TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import ConfigError, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.batching import Batcher
from sokuji.providers.isolation import process_each
from sokuji.providers.jobs import Job, JobResult
from sokuji.providers.translation.nllb.model_loading import NllbModel, load_model
from sokuji.providers.translation.nllb.runtime import BeamSearchOptions, EncoderInput, Hypothesis, Runtime
from sokuji.providers.translation.nllb.segmentation import (
    TextPart,
    join_translations,
    split_in_two,
    split_sentences,
)
from sokuji.providers.translation.request_validation import check_plain_request

_PROBE = "1."


class Nllb:
    """A ``Translator`` (``sokuji.contract``) with an NLLB model."""

    def __init__(self, config: NllbConfig) -> None:
        self.config = config
        self._model: NllbModel | None = None
        self._batcher: Batcher | None = None

    async def load(self) -> None:
        """Load the model and translate a word.

        Raises:
            ConfigError: the device, the precision or an execution provider is not available on this machine.
            ModelMissing: the model is not available, or damaged.
        """
        model, workers = await asyncio.to_thread(load_model, self.config)
        batcher = Batcher("nllb", workers=workers, batch_size=self.config.max_batch_size)
        try:
            await batcher.run(_probe(model))
            self._model, self._batcher = model, batcher
        except Exception as error:  # The runtime's own classes, or KeyError for graphs of another model.
            raise ConfigError(
                f"translation_model {self.config.translation_model!r} cannot be computed "
                f"({type(error).__name__}): it is no NLLB model, or too large for the device's memory",
                param="translation_model",
            ) from error
        finally:
            if self._batcher is not batcher:
                batcher.shutdown()

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        if self._batcher is not None:
            self._batcher.batch_size = config.max_batch_size

    async def describe(self) -> TranslatorInfo:
        """All pairs of the languages that the model has tokens for."""
        model, batcher = self._ready()
        return TranslatorInfo(
            provider=self.config.provider,
            model=self.config.translation_model,
            pairs=model.pairs,
            workers=batcher.report(),
        )

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("translation", requests, self._translate_one)

    async def check(self) -> None:
        """Compute the first token of a translation.

        Raises:
            ProviderFailed: the result is not a finite number.
        """
        model, batcher = self._ready()
        if not math.isfinite((await batcher.run(_probe(model))).value):
            raise ProviderFailed("the translator returned values that are not finite")

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._model = None
        if self._batcher is not None:
            self._batcher.shutdown()

    def _ready(self) -> tuple[NllbModel, Batcher]:
        if self._model is None or self._batcher is None:
            raise ProviderUnavailable("the translator is not loaded")
        return self._model, self._batcher

    async def _translate_one(self, request: TranslationRequest) -> TranslatedText:
        model, batcher = self._ready()
        check_plain_request(request, model.pairs)
        parts = list(split_sentences(request.text))
        jobs = [
            _translate(model, part.text.rstrip(), request, self.config) for part in parts if part.is_sentence
        ]
        return _joined(parts, await _run_all(batcher, jobs, request))


@dataclass(frozen=True, slots=True)
class _TranslatedPart:
    """The translation of a sentence or of a part of it."""

    text: str
    log_probability: float
    tokens: int


async def _run_all(
    batcher: Batcher, jobs: Sequence[Job[_TranslatedPart]], request: TranslationRequest
) -> list[JobResult[_TranslatedPart]]:
    """The results of all jobs; when one fails, no further computation of the others is started."""
    runs = [asyncio.ensure_future(batcher.run(job, request)) for job in jobs]
    try:
        return await asyncio.gather(*runs)
    finally:
        for run in runs:
            run.cancel()


@dataclass(frozen=True, slots=True, eq=False)
class _SentenceTranslation:
    """The translation of one sentence, as a computation; the result is a ``Hypothesis``."""

    source: EncoderInput
    search: BeamSearchOptions
    runtime: Runtime
    max_batch_size = 1_000
    """The setting ``max_batch_size`` is the effective limit."""
    optional = False

    @property
    def batch_key(self) -> BeamSearchOptions:
        """See ``Computation``."""
        return self.search

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[Hypothesis]:
        """See ``Computation``."""
        return batch[0].runtime.translate([each.source for each in batch], batch[0].search)


def _translate(
    model: NllbModel, text: str, request: TranslationRequest, config: NllbConfig
) -> Job[_TranslatedPart]:
    """The job that translates a sentence, as a whole if its length allows."""
    if model.tokenizer.count_tokens(text) > config.max_input_length:
        # Text of this length without word boundaries is cut in the middle.
        halves = split_in_two(text) or (text[: len(text) // 2], text[len(text) // 2 :])
        return (yield from _translate_halves(model, halves, request, config))
    search = BeamSearchOptions(config.num_beams, config.max_length, config.length_penalty)
    source = model.tokenizer.encoder_input(text, request.source, request.target)
    hypothesis: Hypothesis = yield _SentenceTranslation(source, search, model.runtime)
    if hypothesis.is_complete:
        translation = model.tokenizer.decode(hypothesis.ids)
        return _TranslatedPart(translation, hypothesis.log_probability, len(hypothesis.ids) + 1)
    if (shorter := split_in_two(text)) is None:
        raise ProviderFailed(
            f"the translation of a word does not end within max_length ({config.max_length}) tokens"
        )
    return (yield from _translate_halves(model, shorter, request, config))


def _translate_halves(
    model: NllbModel, halves: tuple[str, str], request: TranslationRequest, config: NllbConfig
) -> Job[_TranslatedPart]:
    translated = []
    for half in halves:
        translated.append((yield from _translate(model, half.rstrip(), request, config)))
    return _TranslatedPart(
        join_translations(
            [TextPart(half, is_sentence=True) for half in halves], [each.text for each in translated]
        ),
        sum(each.log_probability for each in translated),
        sum(each.tokens for each in translated),
    )


def _probe(model: NllbModel) -> Job[float]:
    """The job that computes the first token of a translation; its result is the log probability."""
    source, target, *_ = model.tokenizer.languages
    encoder_input = model.tokenizer.encoder_input(_PROBE, source, target)
    hypothesis: Hypothesis = yield _SentenceTranslation(
        encoder_input, BeamSearchOptions(1, 1, 1.0), model.runtime
    )
    return hypothesis.log_probability


def _joined(parts: Sequence[TextPart], results: Sequence[JobResult[_TranslatedPart]]) -> TranslatedText:
    """The translation of a text from those of its sentences.

    The score is the geometric mean of the token probabilities.
    """
    tokens = sum(result.value.tokens for result in results)
    total = sum(result.value.log_probability for result in results)
    return TranslatedText(
        text=join_translations(parts, [result.value.text for result in results]),
        score=min(1.0, math.exp(total / tokens)) if tokens else None,
        effort=_total_effort([result.effort for result in results]),
    )


def _total_effort(efforts: Sequence[Effort]) -> Effort | None:
    """The effort of sentences that were queued at the same time; None if there are none."""
    if not efforts:
        return None
    queued_s = min(effort.queued_s for effort in efforts)
    return Effort(
        queued_s=queued_s,
        busy_s=max(effort.queued_s + effort.busy_s for effort in efforts) - queued_s,
        batch_size=max(effort.batch_size for effort in efforts),
        work_s=sum(effort.work_s for effort in efforts),
        report=efforts[-1].report,
    )
