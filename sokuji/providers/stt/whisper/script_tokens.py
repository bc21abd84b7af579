"""Which tokens of Whisper's vocabulary would write a language in the script of another one.

Small models write Hindi in Urdu's or in Latin letters. A decoder that may not emit these tokens writes it in
its own script. A token is a sequence of bytes of UTF-8 (byte-level BPE, as in GPT-2) and may be a part of a
letter.
"""

from functools import cache

from tokenizers import Tokenizer

from sokuji.languages.scripts import is_letter, is_own

_END_OF_TEXT = "<|endoftext|>"
"""The first control token; all text tokens come before it."""
_FIRST_BEYOND_ASCII, _BEYOND_BASIC_PLANE = 0x80, 0x10000
_CONTINUATION = bytes(range(0x80, 0xC0))
"""Bytes that continue a character in UTF-8."""


def foreign_script_tokens(tokenizer: Tokenizer, language: str) -> list[int]:
    """The ids of the tokens with letters, or parts of them, of a script that ``language`` is not written in.

    Args:
        tokenizer: of the model.
        language: canonical code.
    """
    end = tokenizer.token_to_id(_END_OF_TEXT) or tokenizer.get_vocab_size()
    own = _OwnLetters(language)
    alphabet = _byte_alphabet()
    return [
        number
        for token, number in tokenizer.get_vocab(with_added_tokens=False).items()
        if number < end and not own.can_form(bytes(alphabet[sign] for sign in token))
    ]


class _OwnLetters:
    """The letters of a language, and the bytes with which they begin and end."""

    def __init__(self, language: str) -> None:
        self._language = language
        letters = (chr(number) for number in range(_FIRST_BEYOND_ASCII, _BEYOND_BASIC_PLANE))
        codes = [each.encode() for each in letters if is_letter(each) and is_own(each, language)]
        # A shorter beginning would be one of letters of other scripts as well.
        self._begins = {code[:-1] for code in codes}
        self._ends = {code[start:] for code in codes for start in range(1, len(code))}

    def can_form(self, token: bytes) -> bool:
        """Whether a token has no foreign letters: the end of an own one, whole own ones, the start of one."""
        end, whole, begin = _split(token)
        if (end and end not in self._ends) or (begin and begin not in self._begins):
            return False
        return not any(
            is_letter(character) and not is_own(character, self._language)
            for character in whole.decode(errors="ignore")
        )


def _split(token: bytes) -> tuple[bytes, bytes, bytes]:
    """The bytes that end a character, those of whole characters, and those that begin one."""
    rest = token.lstrip(_CONTINUATION)
    end = token[: len(token) - len(rest)]
    whole = rest.decode(errors="ignore").encode()
    return end, whole, rest[len(whole) :]


@cache
def _byte_alphabet() -> dict[str, int]:
    """The character that stands for each byte in the vocabulary (openai/gpt-2, ``bytes_to_unicode``)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }
