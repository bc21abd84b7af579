"""Japanese for Kokoro: text to kana as it is spoken, and kana to the model's phonemes.

The reading of kanji depends on their context, and particles and long vowels are not spoken as they are
written. OpenJTalk, the front end of many Japanese voices, handles this. Its dictionary is part of the package
of the extra ``kokoro-ja``, so that nothing is downloaded. Kokoro v1.0 was trained on the phonemes of misaki
0.7 (https://github.com/hexgrad/misaki, ``ja.py``), which are used here, without pitch accent, which the model
does not know. Words in Latin letters that are not in the dictionary are spoken as English.
"""

import re
import unicodedata
from collections.abc import Iterator
from threading import Lock
from typing import Any

from sokuji.providers.tts import espeak

_LONGEST = 180
"""Characters given to OpenJTalk at a time: from about 2,700 on it writes beyond its buffers."""
_PARTS = re.compile(rf"\n+|[^\n。！？!?]{{0,{_LONGEST}}}[。！？!?]{{0,20}}")

_VOWELS = "aiɯeo"
_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "ɡ": "ガギグゲゴ", "s": "サ・・セソ", "ʣ": "ザ・・ゼゾ",
    "t": "タ・・テト", "d": "ダ・・デド", "n": "ナ・ヌネノ", "h": "ハ・・ヘホ", "b": "バビブベボ",
    "p": "パピプペポ", "m": "マミムメモ", "j": "ヤ・ユ・ヨ", "ɾ": "ラリルレロ", "ɸ": "・・フ・・",
    "β": "ワ・・・・", "v": "・・ヴ・・",
}  # fmt: skip
_IRREGULAR_MORAS = {
    "シ": "ɕi", "ス": "sɨ", "ジ": "ʥi", "ズ": "zɨ", "チ": "ʨi", "ツ": "ʦɨ", "ヂ": "ʥi", "ヅ": "zɨ",
    "ニ": "ɲi", "ヒ": "çi", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e",
    "ォ": "o", "ャ": "ja", "ュ": "jɯ", "ョ": "jo", "ヮ": "βa", "ヵ": "ka", "ヶ": "ke", "イェ": "je",
    "ティ": "tʲi", "ディ": "dʲi", "テュ": "tʲɨ", "デュ": "dʲɨ", "トゥ": "tɯ", "ドゥ": "dɯ", "フュ": "ɸʲɨ",
    "ヴュ": "bʲɨ",
}  # fmt: skip
_PALATAL = "kɡbpmɾ"
"""Consonants that are palatalised before i."""
_GLIDES = {"ャ": "a", "ュ": "ɨ", "ョ": "o", "ェ": "e"}
_FOREIGN = {"ク": "kᵝ", "グ": "ɡᵝ", "ツ": "ʦ", "フ": "ɸ", "ヴ": "v", "ウ": "β"}

# The nasal is assimilated to the following sound; at the end of a word it has a sound of its own.
_NASALS = (("mpb", "m"), ("kɡ", "ŋ"), ("ɲʨʥ", "ɲ"), ("ntdɾz", "n"))
_MARKS = {
    **dict.fromkeys("、，,", ", "), **dict.fromkeys("。．.", ". "), **dict.fromkeys("！!", "! "),
    **dict.fromkeys("？?", "? "), **dict.fromkeys("：:", ": "), **dict.fromkeys("；;", "; "),
    **dict.fromkeys("「『", " “"), **dict.fromkeys("」』", "” "), "…": "… ", "—": "— ",
    "（": " (", "）": ") ",
}  # fmt: skip
_GAP = re.compile("([“(]) ")
_RUNS = re.compile("[A-Za-z]+|[ァ-ヶー]+|[^A-Za-zァ-ヶー]")


def _moras() -> Iterator[tuple[str, str]]:
    for consonant, row in _ROWS.items():
        for vowel, kana in zip(_VOWELS, row, strict=True):
            palatal = "ʲ" if vowel == "i" and consonant and consonant in _PALATAL else ""
            yield kana, consonant + palatal + vowel
    yield from _IRREGULAR_MORAS.items()


_SYMBOLS = {kana: symbols for kana, symbols in _moras() if kana != "・"}
"""Kana of one mora -> its phonemes."""
_SYMBOLS |= {
    kana + glide: _SYMBOLS[kana][:-1] + vowel
    for kana in "キギシジチヂニヒビピミリ"
    for glide, vowel in _GLIDES.items()
}
_SYMBOLS |= {
    kana + small: consonant + ("ʲ" if small == "ィ" and kana in "ツフヴ" else "") + vowel
    for kana, consonant in _FOREIGN.items()
    for small, vowel in zip("ァィェォ", "aieo", strict=True)
}
_MORA = re.compile("|".join(sorted(_SYMBOLS, key=len, reverse=True)) + "|.")


class JapaneseReader:
    """OpenJTalk with its dictionary; can be used from any thread.

    Raises:
        ImportError: the extra ``kokoro-ja`` is not installed.
        RuntimeError: the installed package has no dictionary; none is downloaded.
    """

    def __init__(self) -> None:
        from pyopenjtalk import OPEN_JTALK_DICT_DIR
        from pyopenjtalk.openjtalk import OpenJTalk

        self._openjtalk = OpenJTalk(dn_mecab=OPEN_JTALK_DICT_DIR)
        self._lock = Lock()

    def read(self, text: str) -> str:
        """``text`` in katakana as it is spoken, with spaces between accent phrases; punctuation is kept.

        Args:
            text: the result of ``phrase_splitting.speakable_text``.
        """
        return " ".join(part if part.isspace() else self._read_part(part) for part in _PARTS.findall(text))

    def _read_part(self, text: str) -> str:
        with self._lock:
            words = self._openjtalk.run_frontend(text)
        return "".join(map(_spoken, words)).strip()


def _spoken(word: dict[str, Any]) -> str:
    """A word of OpenJTalk in kana, with a space before it if it begins an accent phrase."""
    # The model was trained with spaces between all words, but is easier to understand with fewer.
    if not word["mora_size"]:
        return word["string"] if word["string"] in _MARKS else " "
    written = unicodedata.normalize("NFKC", word["string"])
    english = word["pos"] == "フィラー" and written.isascii() and written.isalpha() and not written.isupper()
    # The apostrophe marks a devoiced vowel.
    kana = written if english else word["pron"].replace("’", "")
    return kana if word["chain_flag"] == 1 else " " + kana


def phonemize(kana: str) -> str:
    """IPA of one phrase in the form that ``JapaneseReader.read`` returns; "" if nothing can be spoken."""
    ipa = _GAP.sub(r"\1", " ".join("".join(map(_run_to_ipa, _RUNS.findall(kana))).split()))
    if not any(map(str.isalpha, ipa)):
        return ""
    return ipa if ipa[-1] in ",.!?:;…—”)" else ipa + "."


def _run_to_ipa(run: str) -> str:
    if run[0] in _MARKS:
        return _MARKS[run]
    if run.isascii():
        return espeak.phonemize("en-us", run).rstrip(".") if run.isalpha() else " "
    moras = _MORA.findall(run)
    return "".join(
        _mora_to_ipa(mora, following) for mora, following in zip(moras, [*moras[1:], ""], strict=True)
    )


def _mora_to_ipa(mora: str, following: str) -> str:
    if mora == "ー":
        return "ː"
    if mora == "ッ":
        return "ʔ"
    if mora == "ン":
        sound = _SYMBOLS.get(following, " ")[0]
        return next((nasal for sounds, nasal in _NASALS if sound in sounds), "ɴ")
    return _SYMBOLS.get(mora, "")
