"""NLLB under CTranslate2."""

from collections.abc import Sequence
from pathlib import Path

import ctranslate2

from sokuji.errors import ModelMissing
from sokuji.providers.translation.nllb.runtime import BeamSearchOptions, EncoderInput, Hypothesis
from sokuji.providers.translation.nllb.tokenizer import EOS, UNKNOWN, NllbTokenizer


class CTranslate2Runtime:
    """A model in CTranslate2's format; see ``Runtime``."""

    def __init__(
        self,
        folder: Path,
        tokenizer: NllbTokenizer,
        *,
        device: str,
        precision: str,
        workers: int,
        cpu_threads: int,
    ) -> None:
        """
        Args:
            folder: holds ``model.bin`` and the files that belong to it.
            device: "cpu" or "cuda".
            precision: a compute type that the device supports.
            workers: batches that are computed at the same time.
            cpu_threads: threads of one batch.

        Raises:
            ModelMissing: the model is damaged, or is not a translation model.
        """
        try:
            self._translator = ctranslate2.Translator(
                str(folder),
                device=device,
                compute_type=precision,
                inter_threads=workers,
                intra_threads=cpu_threads,
            )
        except Exception as error:  # The library raises RuntimeError and ValueError for any cause.
            raise ModelMissing(
                "model.bin cannot be loaded: it is damaged, no translation model, or too large for the "
                f"{device}'s memory",
                param="translation_model",
            ) from error
        self._vocabulary = tokenizer.vocabulary
        self._numbers = {token: number for number, token in enumerate(self._vocabulary)}

    def translate(self, sources: Sequence[EncoderInput], search: BeamSearchOptions) -> list[Hypothesis]:
        """See ``Runtime``."""
        results = self._translator.translate_batch(
            [[self._vocabulary[number] for number in source.ids] for source in sources],
            target_prefix=[[self._vocabulary[source.target]] for source in sources],
            beam_size=search.beams,
            length_penalty=search.length_penalty,
            # The language token and the end token count too. No input limit, so that nothing is cut off.
            max_decoding_length=search.max_length + 2,
            max_input_length=0,
            return_scores=True,
            return_end_token=True,
        )
        return [
            self._hypothesis(result.hypotheses[0], result.scores[0], search.length_penalty)
            for result in results
        ]

    def _hypothesis(self, tokens: Sequence[str], score: float, length_penalty: float) -> Hypothesis:
        # The model's output layer is padded, so that it can return a token that is not in the vocabulary.
        _, *ids = (self._numbers.get(token, UNKNOWN) for token in tokens)
        is_complete = bool(ids) and ids[-1] == EOS
        return Hypothesis(
            ids=tuple(ids[:-1] if is_complete else ids),
            # CTranslate2 divides the sum by length ** length_penalty, with the language token in the length.
            log_probability=score * len(tokens) ** length_penalty,
            is_complete=is_complete,
        )
