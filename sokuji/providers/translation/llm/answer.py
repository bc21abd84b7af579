"""A language model's answer without what it writes around a translation; all else is refused. Pure.

What is taken away is only ever something that the source does not have: quotation marks around it, a label
such as "Translation:" before it, a note behind it. What cannot be told from a translation with certainty is
refused, because a sentence that nobody said is worse than the next provider's translation.
"""

import re
import unicodedata

from sokuji.errors import ProviderFailed
from sokuji.languages import LANGUAGES
from sokuji.text.punctuation import (
    CLOSING,
    SENTENCE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    is_spaceless,
    width,
    words,
)

_END = re.compile(r"<\|[^|>\n]{1,40}\|>|</?s>|<(?:end_of_turn|start_of_turn|eos|bos|pad)>|\[/?INST\]")
"""Marks of chat templates: an answer that goes on behind one plays the other side's part."""
_FENCED = re.compile(r"```[\w-]*\s*\n?(.*?)\n?\s*```", re.DOTALL)
_TAGGED = re.compile(r"<(text|translation|translated_text|output|answer)>(.*?)(?:</\1>)?", re.DOTALL)
_EMPHASISED = re.compile(r"(\*\*|__|`)([^*_`]+)\1")
_QUOTES = ('""', "''", "“”", "‘’", "„“", "„”", "‚‘", "«»", "»«", "‹›", "「」", "『』", "《》")

_TRANSLATION = (
    "translat|traduc|traduç|traduz|traduit|tradott|übersetz|vertal|översätt|oversæt|oversett|käännös|þýðing"
    "|перевод|переклад|превод|překlad|preklad|prijevod|prevod|tłumacz|fordítás|çeviri|tulkoj|vertim|tõlge"
    "|μετάφρ|μεταφρ|ترجم|תרגום|अनुवाद|অনুবাদ|คำแปล|การแปล|bản dịch|terjemah|翻译|翻譯|译文|翻訳|訳文|번역"
)
_OF_TRANSLATION = re.compile(_TRANSLATION, re.IGNORECASE)
_LABEL = re.compile(
    rf"[^\n:：]{{0,80}}?(?:{_TRANSLATION})[^\n:：]{{0,60}}(?::[*_]*(?:\s+|\Z|(?=[^\x00-\x7f]))|：)",
    re.IGNORECASE,
)
_ASSENT = re.compile(
    r"(?:sure|certainly|of course|absolutely|okay|ok|here you go|here it is)[.!:,]*\s*\n+", re.IGNORECASE
)
_NOTE = re.compile(
    r"[(\[*_]*(?:note|nota|notiz|hinweis|anmerkung|remarque|observa|explan|explica|erklärung|uwaga|примечание"
    r"|alternativ|注|備考|참고)\w*\b[^\n:：]{0,40}[:：].*",
    re.IGNORECASE | re.DOTALL,
)
_BRACKETED = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]](?=[.!?。！？]?\s*\Z)")
_SENTENCE_MARK = re.compile(rf"[{SENTENCE_MARKS}{UNSPACED_SENTENCE_MARKS}]{CLOSING}")
_REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:'m| am) an? (?:ai|(?:large )?language model)\b"
    r"|\bi(?: can(?:'|no)?t| am unable to| won't| will not|'m unable to)"
    r" (?:translate|provide (?:a|the) translation)\b"
    r"|\b(?:please|could you) (?:provide|share|send)(?: me)? (?:with )?the text\b",
    re.IGNORECASE,
)
_ENGLISH_REFUSAL = re.compile(
    r"(?:i'?m sorry|i am sorry|i apologi[sz]e|sorry|unfortunately),? (?:but )?i(?:'m| am| can| do| won)\b"
    r"|i (?:can(?:'|no)t|am unable to|'m unable to|won't) (?:assist|help|comply|fulfil|provide|do)\b",
    re.IGNORECASE,
)
_OURS = re.compile(r"</?(?:text|context|glossary)>", re.IGNORECASE)

_NEAR = (
    frozenset({"bs", "hr", "sr"}),
    frozenset({"da", "nn", "no"}),
    frozenset({"id", "ms"}),
    frozenset({"yue", "zh", "zh-Hant"}),
)
"""Languages in which a whole sentence may be the same."""
_MOST_SAME_WORDS = 5
"""Names and numbers alone are the same in many languages."""
_IN_LATIN_TOO = frozenset({"sr"})
"""Of the languages that the table has in another script."""
_MOST_WRAPPINGS = 4


def weight(text: str) -> int:
    """Length in letters of an alphabet; a character of a script without spaces, such as Han, is three."""
    return sum(3 if is_spaceless(character) else 1 for character in text)


def bare(answer: str, source: str, pair: tuple[str, str]) -> str:
    """The translation within an answer.

    Args:
        answer: complete, without thoughts before it.
        source: what was to be translated.
        pair: codes of the source's and of the translation's language.

    Raises:
        ProviderFailed: the answer is empty, a refusal, the source itself, or holds more or far less than a
            translation.
    """
    if not _END.search(source):
        answer = _END.split(answer.lstrip(), maxsplit=1)[0]
    said = _unpacked(_clean(answer), source, pair[1])
    said = _unpacked(_own_lines(said, source), source, pair[1])
    said = _without_bracket(said, source)
    if fault := _fault(said, source, pair):
        raise _refused(fault)
    return said


def _clean(text: str) -> str:
    """Without control characters and halves of surrogate pairs; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _unpacked(text: str, source: str, target: str) -> str:
    """Without what is wrapped around the translation, in whatever order it was put there."""
    for _ in range(_MOST_WRAPPINGS):
        inner = text
        for unpack in (_without_fence, _without_tag, _without_quotes, _without_emphasis):
            inner = unpack(inner, source).strip()
        inner = _without_label(inner, source, target).strip()
        if inner == text:
            break
        text = inner
    return text


def _without_fence(text: str, source: str) -> str:
    match = None if "```" in source else _FENCED.search(text)
    return match[1] if match else text


def _without_tag(text: str, source: str) -> str:
    match = _TAGGED.fullmatch(text)
    return match[2] if match and f"<{match[1]}>" not in source else text


def _without_quotes(text: str, source: str) -> str:
    marks = text[:1] + text[-1:]
    if marks not in _QUOTES or source.strip()[:1] + source.strip()[-1:] in _QUOTES:
        return text
    inner = text[1:-1]
    # With others inside, the outer two may be of two quotations; apostrophes are no quotation marks.
    return text if any(mark in re.sub(r"\b['’]\b", "", inner) for mark in marks) else inner


def _without_emphasis(text: str, source: str) -> str:
    match = _EMPHASISED.fullmatch(text)
    return match[2] if match and match[1] not in source else text


def _without_label(text: str, source: str, target: str) -> str:
    """Without "Here is the translation:" and the like, unless the source may speak of one."""
    if match := _ASSENT.match(text):
        text = text[match.end() :]
    if ":" in source or "：" in source or _OF_TRANSLATION.search(source):
        return text
    named = re.compile(rf"[*_(]*{re.escape(LANGUAGES[target].name)}[)*_]*\s*[:：][*_]*", re.IGNORECASE)
    match = _LABEL.match(text) or named.match(text)
    return text[match.end() :] if match else text


def _own_lines(text: str, source: str) -> str:
    """Without notes behind the translation.

    Raises:
        ProviderFailed: there are more lines than the source has lines and sentences.
    """
    lines = [line.strip() for line in text.split("\n")]
    if ":" not in source and "：" not in source:
        note = next((place for place, line in enumerate(lines) if place and _NOTE.match(line)), len(lines))
        lines = "\n".join(lines[:note]).strip().split("\n")
    own = [line for line in source.split("\n") if line.strip()]
    too_many = sum(map(bool, lines)) > len(own) + len(_SENTENCE_MARK.findall(source))
    if too_many or (len(own) == 1 and "" in lines[1:-1]):
        raise _refused("holds more than a translation")
    if len(own) > 1:
        return "\n".join(lines)
    return "".join(line if _is_wide(line[-1:]) else f"{line} " for line in lines).strip()


def _is_wide(edge: str) -> bool:
    return bool(edge) and (is_spaceless(edge) or width(edge) == 2)


def _without_bracket(text: str, source: str) -> str:
    """Without a remark in brackets at the end."""
    if any(bracket in source for bracket in "([（"):
        return text
    return _BRACKETED.sub("", text) or text


def _fault(said: str, source: str, pair: tuple[str, str]) -> str:
    """Why an answer is no translation; empty: it may be one."""
    letters = [character for character in said if character.isalnum()]
    if not letters:
        return "is empty"
    if _OURS.search(said) and not _OURS.search(source):
        return "repeats the request"
    plain = said.replace("’", "'")
    refuses = _REFUSAL.search(plain) or (pair[1] != "en" and _ENGLISH_REFUSAL.match(plain))
    if refuses and not _REFUSAL.search(source):
        return "is a refusal"
    several = len({said[start:end] for start, end in words(said)}) > _MOST_SAME_WORDS
    near = any(set(pair) <= family for family in _NEAR)
    if several and not near and said.casefold() == source.strip().casefold():
        return "is the text as it was"
    if _is_in_another_script(said, pair[1], several):
        return "is in another script"
    if weight(source) > 80 and weight(said) < weight(source) / 8:
        return "leaves most of the text out"
    return ""


def _is_in_another_script(said: str, target: str, several: bool) -> bool:
    """Whether Latin letters stand where other ones are written, or the other way about."""
    letters = [character for character in said if character.isalpha()]
    latin = sum(unicodedata.name(character, "").startswith("LATIN") for character in letters)
    if (LANGUAGES[target].nllb or "Latn").endswith("Latn"):
        return 2 * latin < len(letters)
    return several and latin == len(letters) > 0 and target not in _IN_LATIN_TOO


def _refused(fault: str) -> ProviderFailed:
    return ProviderFailed(f"the model gave no translation: its answer {fault}")
