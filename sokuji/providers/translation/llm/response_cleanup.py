"""Extracts the translation from a language model's answer, and refuses answers that are none. Pure.

Only additions that the source does not have are removed: quotation marks around the translation, a label such
as "Translation:" before it, a note behind it. An answer from which they cannot be removed with certainty is
refused, because an invented sentence is worse than a translation by the next provider.
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
"""Control tokens of chat templates: text behind one belongs to another turn of the chat."""
_FENCED = re.compile(r"```[\w-]*\s*\n?(.*?)\n?\s*```", re.DOTALL)
_TAGGED = re.compile(r"<(text|translation|translated_text|output|answer)>(.*?)(?:</\1>)?", re.DOTALL)
_EMPHASISED = re.compile(r"(\*\*|__|`)([^*_`]+)\1")
_QUOTES = ('""', "''", "“”", "‘’", "„“", "„”", "‚‘", "«»", "»«", "‹›", "「」", "『』", "《》")

_TRANSLATION_WORDS = (
    "translat|traduc|traduç|traduz|traduit|tradott|übersetz|vertal|översätt|oversæt|oversett|käännös|þýðing"
    "|перевод|переклад|превод|překlad|preklad|prijevod|prevod|tłumacz|fordítás|çeviri|tulkoj|vertim|tõlge"
    "|μετάφρ|μεταφρ|ترجم|תרגום|अनुवाद|অনুবাদ|คำแปล|การแปล|bản dịch|terjemah|翻译|翻譯|译文|翻訳|訳文|번역"
)
_MENTIONS_TRANSLATION = re.compile(_TRANSLATION_WORDS, re.IGNORECASE)
_LABEL = re.compile(
    rf"[^\n:：]{{0,80}}?(?:{_TRANSLATION_WORDS})[^\n:：]{{0,60}}(?::[*_]*(?:\s+|\Z|(?=[^\x00-\x7f]))|：)",
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
_PROMPT_TAG = re.compile(r"</?(?:text|context|glossary)>", re.IGNORECASE)

_SIMILAR_LANGUAGES = (
    frozenset({"bs", "hr", "sr"}),
    frozenset({"da", "nn", "no"}),
    frozenset({"id", "ms"}),
    frozenset({"yue", "zh", "zh-Hant"}),
)
"""Groups of languages in which a whole sentence may be the same."""
_MAX_UNCHANGED_WORDS = 5
"""A text of at most this many words may stay as it is: names and numbers are the same in many languages."""
_ALSO_LATIN = frozenset({"sr"})
"""Languages that are also written in Latin letters, although the language table has another script."""
_MAX_WRAPPERS = 4


def letter_count(text: str) -> int:
    """Length of a text in alphabetic letters; a character of a script without spaces, such as Han, counts as
    three."""
    return sum(3 if is_spaceless(character) else 1 for character in text)


def extract_translation(answer: str, source: str, pair: tuple[str, str]) -> str:
    """The translation within an answer.

    Args:
        answer: the complete answer, without the model's reasoning.
        source: the text to translate.
        pair: codes of the source and the target language.

    Raises:
        ProviderFailed: the answer is empty, a refusal or the source itself, or contains more or far less than
            a translation.
    """
    if not _END.search(source):
        answer = _END.split(answer.lstrip(), maxsplit=1)[0]
    text = _without_wrappers(_without_control_characters(answer), source, pair[1])
    text = _without_wrappers(_without_notes(text, source), source, pair[1])
    text = _without_final_remark(text, source)
    if fault := _fault(text, source, pair):
        raise _no_translation(fault)
    return text


def _without_control_characters(text: str) -> str:
    """Without control characters and surrogates; line breaks are kept."""
    text = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _without_wrappers(text: str, source: str, target: str) -> str:
    """Without code fences, tags, quotation marks, emphasis and labels around the translation, in any
    order."""
    for _ in range(_MAX_WRAPPERS):
        inner = text
        for unwrap in (_without_fence, _without_tag, _without_quotes, _without_emphasis):
            inner = unwrap(inner, source).strip()
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
    # With further marks inside, the outer two may belong to two quotations. Apostrophes do not count.
    return text if any(mark in re.sub(r"\b['’]\b", "", inner) for mark in marks) else inner


def _without_emphasis(text: str, source: str) -> str:
    match = _EMPHASISED.fullmatch(text)
    return match[2] if match and match[1] not in source else text


def _without_label(text: str, source: str, target: str) -> str:
    """Without "Here is the translation:" and the like, unless the source has a colon or mentions a
    translation."""
    if match := _ASSENT.match(text):
        text = text[match.end() :]
    if ":" in source or "：" in source or _MENTIONS_TRANSLATION.search(source):
        return text
    named = re.compile(rf"[*_(]*{re.escape(LANGUAGES[target].name)}[)*_]*\s*[:：][*_]*", re.IGNORECASE)
    match = _LABEL.match(text) or named.match(text)
    return text[match.end() :] if match else text


def _without_notes(text: str, source: str) -> str:
    """Without notes behind the translation; on one line if the source is.

    Raises:
        ProviderFailed: the answer has more lines than the source has lines and sentences.
    """
    lines = [line.strip() for line in text.split("\n")]
    if ":" not in source and "：" not in source:
        end = next((index for index, line in enumerate(lines) if index and _NOTE.match(line)), len(lines))
        lines = "\n".join(lines[:end]).strip().split("\n")
    source_lines = [line for line in source.split("\n") if line.strip()]
    too_many = sum(map(bool, lines)) > len(source_lines) + len(_SENTENCE_MARK.findall(source))
    if too_many or (len(source_lines) == 1 and "" in lines[1:-1]):
        raise _no_translation("holds more than a translation")
    if len(source_lines) > 1:
        return "\n".join(lines)
    return "".join(line if _is_wide(line[-1:]) else f"{line} " for line in lines).strip()


def _is_wide(character: str) -> bool:
    return bool(character) and (is_spaceless(character) or width(character) == 2)


def _without_final_remark(text: str, source: str) -> str:
    """Without a remark in brackets at the end."""
    if any(bracket in source for bracket in "([（"):
        return text
    return _BRACKETED.sub("", text) or text


def _fault(text: str, source: str, pair: tuple[str, str]) -> str:
    """Why ``text`` is not a translation; empty if it may be one."""
    letters = [character for character in text if character.isalnum()]
    if not letters:
        return "is empty"
    if _PROMPT_TAG.search(text) and not _PROMPT_TAG.search(source):
        return "repeats the request"
    plain = text.replace("’", "'")
    refuses = _REFUSAL.search(plain) or (pair[1] != "en" and _ENGLISH_REFUSAL.match(plain))
    if refuses and not _REFUSAL.search(source):
        return "is a refusal"
    has_many_words = len({text[start:end] for start, end in words(text)}) > _MAX_UNCHANGED_WORDS
    similar = any(set(pair) <= group for group in _SIMILAR_LANGUAGES)
    if has_many_words and not similar and text.casefold() == source.strip().casefold():
        return "is the text as it was"
    if _is_in_another_script(text, pair[1], has_many_words):
        return "is in another script"
    if letter_count(source) > 80 and letter_count(text) < letter_count(source) / 8:
        return "leaves most of the text out"
    return ""


def _is_in_another_script(text: str, target: str, has_many_words: bool) -> bool:
    """Whether the text is in Latin letters although the target language is not, or the other way round."""
    letters = [character for character in text if character.isalpha()]
    latin = sum(unicodedata.name(character, "").startswith("LATIN") for character in letters)
    if (LANGUAGES[target].nllb or "Latn").endswith("Latn"):
        return 2 * latin < len(letters)
    return has_many_words and latin == len(letters) > 0 and target not in _ALSO_LATIN


def _no_translation(fault: str) -> ProviderFailed:
    return ProviderFailed(f"the model returned no translation: its response {fault}")
