"""NLLB's tokenizer and its tokens for languages.

The encoder's input is the source language's token, the text and the end token; the decoder starts with the
end token and the target language's ("No Language Left Behind", arXiv:2207.04672, section 8.1). All published
forms of the model come with ``tokenizer.json``, so that both runtimes use the library ``tokenizers``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from sokuji.errors import ModelMissing
from sokuji.languages import LANGUAGES
from sokuji.providers.translation.nllb.runtime import EncoderInput

PAD, EOS, UNKNOWN = 1, 2, 3
_FILE = "tokenizer.json"


class NllbTokenizer:
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
        # Otherwise "</s>" or "fra_Latn" in a text would become a control token.
        self._tokenizer.encode_special_tokens = True
        self.languages = self._known_languages()
        """Canonical code -> number of the language's token."""
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
        """All tokens; the index of a token is its number."""
        return [self._token(number) for number in range(self._tokenizer.get_vocab_size())]

    def _token(self, number: int) -> str:
        token: str | None = self._tokenizer.id_to_token(number)
        if token is None:
            raise ModelMissing(f"{_FILE} has no token {number}", param="translation_model")
        return token

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text."""
        return len(self._encode(text))

    def encoder_input(self, text: str, source: str, target: str) -> EncoderInput:
        """The input for translating ``text`` between two of ``languages``."""
        return EncoderInput((self.languages[source], *self._encode(text), EOS), self.languages[target])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of output tokens."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids
