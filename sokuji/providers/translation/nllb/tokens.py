"""How NLLB reads and writes text: its tokenizer, its tokens for languages, and where one model is asked.

The encoder sees the source language's token, the text, and the end; the decoder begins with the end token and
the target language's ("No Language Left Behind", arXiv:2207.04672, section 8.1). All published forms of the
model come with ``tokenizer.json``, so that the one library ``tokenizers`` serves both runtimes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from sokuji.errors import ModelMissing
from sokuji.languages import LANGUAGES

PAD, EOS, UNKNOWN = 1, 2, 3
_FILE = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class BeamSearchOptions:
    """How a translation is sought; equal for all that are sought together."""

    beams: int
    max_length: int
    """Tokens of the output, its end not counted."""
    length_penalty: float


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """What the encoder sees, and the token of the language that is wanted."""

    ids: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The best translation found."""

    ids: tuple[int, ...]
    """Without language and end."""
    log_probability: float
    """The sum over all tokens, that of the end included."""
    is_whole: bool
    """False: the end was not reached within ``max_length`` tokens."""


class Runtime(Protocol):
    """A loaded model; its methods may be called in several threads at once."""

    def translate(self, sources: Sequence[EncoderInput], search: BeamSearchOptions) -> list[Hypothesis]:
        """A translation of each source, whatever their languages; none depends on the others."""


class Tokens:
    """The tokenizer of one model."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: holds ``tokenizer.json``.

        Raises:
            ModelMissing: the file cannot be read, or is not that of an NLLB model.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / _FILE))
        except Exception as error:  # The library raises nothing more specific.
            raise ModelMissing(f"{_FILE} cannot be read: it is damaged", param="translation_model") from error
        # Else "</s>" or "fra_Latn" in a text would be taken for the token.
        self._tokenizer.encode_special_tokens = True
        self.languages = self._known_languages()
        if not self.languages or self._tokenizer.token_to_id("</s>") != EOS:
            raise ModelMissing(f"{_FILE} is not that of an NLLB model", param="translation_model")

    def _known_languages(self) -> Mapping[str, int]:
        ids = {
            code: self._tokenizer.token_to_id(language.nllb)
            for code, language in LANGUAGES.items()
            if language.nllb
        }
        return {code: token for code, token in ids.items() if token is not None}

    @property
    def vocabulary(self) -> list[str]:
        """All tokens by their number."""
        return [self.token(number) for number in range(self._tokenizer.get_vocab_size())]

    def token(self, number: int) -> str:
        """The token of a number."""
        token: str | None = self._tokenizer.id_to_token(number)
        if token is None:
            raise ModelMissing(f"{_FILE} has no token {number}", param="translation_model")
        return token

    def length(self, text: str) -> int:
        """Tokens of a text."""
        return len(self._encode(text))

    def source(self, text: str, source: str, target: str) -> EncoderInput:
        """What a model is given to translate ``text`` from one language of ``languages`` to another."""
        return EncoderInput((self.languages[source], *self._encode(text), EOS), self.languages[target])

    def text(self, ids: Sequence[int]) -> str:
        """The text of an output."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids
