"""NLLB under CTranslate2: one engine, in as many threads as there are workers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import ctranslate2

from sokuji.errors import ConfigError, ModelMissing
from sokuji.providers.translation.nllb.tokens import (
    EOS,
    UNKNOWN,
    BeamSearchOptions,
    EncoderInput,
    Hypothesis,
    Tokens,
)


class CTranslate2Runtime:
    """A converted model; see ``Runtime``."""

    def __init__(
        self, folder: Path, tokens: Tokens, *, device: str, precision: str, workers: int, cpu_threads: int
    ) -> None:
        """
        Args:
            folder: ``model.bin`` and what belongs to it.
            device: "cpu" or "cuda".
            precision: a compute type that the device supports.
            workers: batches that are computed at the same time.
            cpu_threads: threads of one batch.

        Raises:
            ModelMissing: the model is damaged, or no translation model.
        """
        try:
            self._translator = ctranslate2.Translator(
                str(folder),
                device=device,
                compute_type=precision,
                inter_threads=workers,
                intra_threads=cpu_threads,
            )
        except (
            Exception
        ) as error:  # The library raises RuntimeError and ValueError without telling them apart.
            raise ModelMissing(
                "model.bin cannot be loaded: it is damaged, no translation model, or too large for the "
                f"{device}'s memory",
                param="translation_model",
            ) from error
        self._vocabulary = tokens.vocabulary
        self._numbers = {token: number for number, token in enumerate(self._vocabulary)}

    def translate(self, sources: Sequence[EncoderInput], search: BeamSearchOptions) -> list[Hypothesis]:
        """See ``Runtime``."""
        results = self._translator.translate_batch(
            [[self._vocabulary[number] for number in source.ids] for source in sources],
            target_prefix=[[self._vocabulary[source.target]] for source in sources],
            beam_size=search.beams,
            length_penalty=search.length_penalty,
            # Language and end count too; without an input limit nothing is cut.
            max_decoding_length=search.max_length + 2,
            max_input_length=0,
            return_scores=True,
            return_end_token=True,
        )
        return [
            self._found(result.hypotheses[0], result.scores[0], search.length_penalty) for result in results
        ]

    def _found(self, hypothesis: Sequence[str], score: float, length_penalty: float) -> Hypothesis:
        # The network has a few outputs more than there are tokens, for rounder sizes.
        _, *ids = (self._numbers.get(token, UNKNOWN) for token in hypothesis)
        is_whole = bool(ids) and ids[-1] == EOS
        return Hypothesis(
            ids=tuple(ids[:-1] if is_whole else ids),
            # Its scores are divided by a power of the length, the language's token included.
            log_probability=score * len(hypothesis) ** length_penalty,
            is_whole=is_whole,
        )


def device(wanted: Literal["auto", "cpu", "cuda"]) -> str:
    """The device to use.

    Raises:
        ConfigError: there is no such device.
    """
    cuda = ctranslate2.get_cuda_device_count() > 0
    if wanted == "cuda" and not cuda:
        raise ConfigError("device 'cuda': CTranslate2 finds no GPU; accepted: cpu, auto", param="device")
    return "cuda" if cuda and wanted != "cpu" else "cpu"


def check_precision(precision: str, device: str) -> None:
    """Refuse what the device cannot compute with.

    Raises:
        ConfigError: names what it can.
    """
    supported = sorted(ctranslate2.get_supported_compute_types(device))
    if precision not in supported:
        raise ConfigError(
            f"precision {precision!r} is not supported on this {device}; accepted: {', '.join(supported)}",
            param="precision",
        )
