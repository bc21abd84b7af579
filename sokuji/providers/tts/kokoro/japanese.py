"""Japanese for Kokoro: text to kana as it is spoken, and kana to the phonemes that the model learnt.

Kanji have a reading only in context, and particles and long vowels are not spoken as they are written.
OpenJTalk, the front end of many Japanese voices, knows all of that; its dictionary comes with the package of
the extra ``kokoro-ja``, so that nothing is downloaded. Kokoro v1.0 was trained on the phonemes of misaki 0.7
(https://github.com/hexgrad/misaki, ``ja.py``): the symbols here are those, and no pitch accent, which it does
not know. Words in Latin letters that the dictionary lacks are spoken as English ones.
"""

import re
import unicodedata
from collections.abc import Iterator
from threading import Lock
from typing import Any

from sokuji.providers.tts import espeak

_LONGEST = 180
"""Characters given to OpenJTalk at a time: it writes beyond its buffers from some 2,700 on."""
_PIECES = re.compile(rf"\n+|[^\n。！？!?]{{0,{_LONGEST}}}[。！？!?]{{0,20}}")

# What OpenJTalk reads as bare signs, as it is said.
_SAID = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"(?<![\d:])(\d{1,2}):(\d\d)(?![\d:])", r"\1時\2分"),
        (r"[$＄](\d[\d,.]*)", r"\1ドル"),
        (r"€(\d[\d,.]*)", r"\1ユーロ"),
        (r"£(\d[\d,.]*)", r"\1ポンド"),
        (r"[¥￥](\d[\d,.]*)", r"\1円"),
        (r"(?<=[\d年月日時分円])[〜～~](?=\d)", "から"),
        (r"(?<![\w-])-(?=\d)", "マイナス"),
        (r"(?<=[A-Za-z0-9]{2})\.(?=[A-Za-z]{2})", "ドット"),
    )
)

_VOWELS = "aiɯeo"
_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "ɡ": "ガギグゲゴ", "s": "サ・・セソ", "ʣ": "ザ・・ゼゾ",
    "t": "タ・・テト", "d": "ダ・・デド", "n": "ナ・ヌネノ", "h": "ハ・・ヘホ", "b": "バビブベボ",
    "p": "パピプペポ", "m": "マミムメモ", "j": "ヤ・ユ・ヨ", "ɾ": "ラリルレロ", "ɸ": "・・フ・・",
    "β": "ワ・・・・", "v": "・・ヴ・・",
}  # fmt: skip
_OTHERS = {
    "シ": "ɕi", "ス": "sɨ", "ジ": "ʥi", "ズ": "zɨ", "チ": "ʨi", "ツ": "ʦɨ", "ヂ": "ʥi", "ヅ": "zɨ",
    "ニ": "ɲi", "ヒ": "çi", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e",
    "ォ": "o", "ャ": "ja", "ュ": "jɯ", "ョ": "jo", "ヮ": "βa", "ヵ": "ka", "ヶ": "ke", "イェ": "je",
    "ティ": "tʲi", "ディ": "dʲi", "テュ": "tʲɨ", "デュ": "dʲɨ", "トゥ": "tɯ", "ドゥ": "dɯ", "フュ": "ɸʲɨ",
    "ヴュ": "bʲɨ",
}  # fmt: skip
_PALATAL = "kɡbpmɾ"
"""Consonants that are softened before i."""
_GLIDES = {"ャ": "a", "ュ": "ɨ", "ョ": "o", "ェ": "e"}
_FOREIGN = {"ク": "kᵝ", "グ": "ɡᵝ", "ツ": "ʦ", "フ": "ɸ", "ヴ": "v", "ウ": "β"}

# The nasal takes the place of what follows; at the end of a word it has its own.
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
            soft = "ʲ" if vowel == "i" and consonant and consonant in _PALATAL else ""
            yield kana, consonant + soft + vowel
    yield from _OTHERS.items()


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
    """OpenJTalk with its dictionary; may be used from any thread.

    Raises:
        ImportError: the extra ``kokoro-ja`` is not installed.
        RuntimeError: a package without a dictionary is; none is downloaded.
    """

    def __init__(self) -> None:
        from pyopenjtalk import OPEN_JTALK_DICT_DIR
        from pyopenjtalk.openjtalk import OpenJTalk

        self._openjtalk = OpenJTalk(dn_mecab=OPEN_JTALK_DICT_DIR)
        self._alone = Lock()

    def read(self, text: str) -> str:
        """``text`` in katakana as it is spoken, a space between accent phrases, marks as they are written.

        Args:
            text: cleaned text (``phrases.clean``).
        """
        for pattern, said in _SAID:
            text = pattern.sub(said, text)
        return " ".join(piece if piece.isspace() else self._piece(piece) for piece in _PIECES.findall(text))

    def _piece(self, text: str) -> str:
        with self._alone:
            words = self._openjtalk.run_frontend(text)
        return "".join(map(_spoken, words)).strip()


def _spoken(word: dict[str, Any]) -> str:
    """A word of OpenJTalk in kana; one that begins an accent phrase brings a space."""
    # The model was trained with spaces between all words, but is understood better with fewer.
    if not word["mora_size"]:
        return word["string"] if word["string"] in _MARKS else " "
    written = unicodedata.normalize("NFKC", word["string"])
    english = word["pos"] == "フィラー" and written.isascii() and written.isalpha() and not written.isupper()
    # The apostrophe marks a vowel that is whispered.
    kana = written if english else word["pron"].replace("’", "")
    return kana if word["chain_flag"] == 1 else " " + kana


def phonemize(kana: str) -> str:
    """IPA of one phrase that ``JapaneseReader.read`` has read; "" where nothing is speakable."""
    ipa = _GAP.sub(r"\1", " ".join("".join(map(_sounds, _RUNS.findall(kana))).split()))
    if not any(map(str.isalpha, ipa)):
        return ""
    return ipa if ipa[-1] in ",.!?:;…—”)" else ipa + "."


def _sounds(run: str) -> str:
    if run[0] in _MARKS:
        return _MARKS[run]
    if run.isascii():
        return espeak.phonemize("en-us", run).rstrip(".") if run.isalpha() else " "
    moras = _MORA.findall(run)
    return "".join(_mora(mora, following) for mora, following in zip(moras, [*moras[1:], ""], strict=True))


def _mora(mora: str, following: str) -> str:
    if mora == "ー":
        return "ː"
    if mora == "ッ":
        return "ʔ"
    if mora == "ン":
        sound = _SYMBOLS.get(following, " ")[0]
        return next((nasal for sounds, nasal in _NASALS if sound in sounds), "ɴ")
    return _SYMBOLS.get(mora, "")
