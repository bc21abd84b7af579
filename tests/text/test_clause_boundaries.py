"""Clauses: where a stable text may be cut, and where never."""

from itertools import pairwise

import pytest

from sokuji.text.clause_boundaries import MAX_COLUMNS, clause_ends, first_sentence_end, last_sentence_end
from sokuji.text.punctuation import ends_abbreviation, trailing_marks, words


def cut(text: str, language: str = "en", paused: bool = False) -> list[str]:
    """The complete clauses, then what remains."""
    ends = [0, *clause_ends(text, language=language, paused=paused), len(text)]
    return [text[begin:end].strip() for begin, end in pairwise(ends) if begin < end]


def is_one(text: str, language: str = "en") -> bool:
    return clause_ends(text, language=language) == []


@pytest.mark.parametrize(
    ("language", "text", "clauses"),
    [
        ("en", "Yes. I know.", ["Yes.", "I know."]),
        ("en", "Is it late? Yes! Well", ["Is it late?", "Yes!", "Well"]),
        ("en", 'He said "no." Then (maybe.) He left', ['He said "no."', "Then (maybe.)", "He left"]),
        ("en", "I thought... Never mind", ["I thought...", "Never mind"]),
        ("fr", "Il dit « Bonjour ! » Puis il part", ["Il dit « Bonjour ! »", "Puis il part"]),
        ("fr", "Tu pars ? Oui", ["Tu pars ?", "Oui"]),
        ("de", "Er sagte: „Gut.“ Dann ging er", ["Er sagte: „Gut.“", "Dann ging er"]),
        ("es", "¿Qué tal? ¿Bien", ["¿Qué tal?", "¿Bien"]),
        ("el", "Πώς είσαι; Καλά", ["Πώς είσαι;", "Καλά"]),
        ("ja", "えきはどこですか。はい", ["えきはどこですか。", "はい"]),
        ("zh", "你好！你叫什么？我", ["你好！", "你叫什么？", "我"]),
        ("hi", "यह घर है। ठीक", ["यह घर है।", "ठीक"]),
        ("ur", "یہ گھر ہے۔ ٹھیک", ["یہ گھر ہے۔", "ٹھیک"]),
        ("hy", "Այո։ Ոչ", ["Այո։", "Ոչ"]),
        ("am", "ሰላም። እኔ", ["ሰላም።", "እኔ"]),
    ],
)
def test_a_sentence_ends_a_clause_when_a_word_follows(language: str, text: str, clauses: list[str]) -> None:
    assert cut(text, language) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("when it rains here, we stay", ["when it rains here,", "we stay"]),
        ("a b c d, e", ["a b c d,", "e"]),
        ("extraordinarily warm, he said", ["extraordinarily warm,", "he said"]),
        ("this is what I need: a house", ["this is what I need:", "a house"]),
        ("it was late at night; we left", ["it was late at night;", "we left"]),
        ("it was late at night — we left", ["it was late at night —", "we left"]),
        ("it was late at night—we left", ["it was late at night—", "we left"]),
        ("it was late at night - we left", ["it was late at night -", "we left"]),
        ("did it rain? he asked them", ["did it rain? he asked them"]),
        ("so did it really rain? he asked", ["so did it really rain?", "he asked"]),
        ("however, we stayed", ["however, we stayed"]),
        ("yes, no, and yes, we", ["yes, no, and yes,", "we"]),
        ("明日は雨が降りますが、行き", ["明日は雨が降りますが、", "行き"]),
        ("明日は、行き", ["明日は、行き"]),
        ("明日は雨が降るけど それでも", ["明日は雨が降るけど", "それでも"]),
        ("ผมชื่อสมชายและวันนี้ผม เรา", ["ผมชื่อสมชายและวันนี้ผม", "เรา"]),
        ("إذا هطل المطر غدا، سنبقى", ["إذا هطل المطر غدا،", "سنبقى"]),
    ],
)
def test_a_comma_ends_a_clause_that_is_long_enough(text: str, clauses: list[str]) -> None:
    assert cut(text) == clauses


@pytest.mark.parametrize("mark", [".", "?", ",", "...", "。", ""])
def test_nothing_is_certain_before_the_next_word(mark: str) -> None:
    text = "we stayed at the house of a friend" + mark
    assert is_one(text)
    assert is_one(text + ' "')
    assert is_one(text + ' "Yes') is (mark == "")


@pytest.mark.parametrize(
    "text",
    [
        "it costs 3.5 or 10,000 now",
        "it costs 1.000,50 at 10:30 now",
        "Dr. Silva and Sra. Alves came",
        "Mr. J. K. Smith came",
        "we used fruit e.g. Apples",
        "in the U.S. Army at 5 p.m. sharp",
        "it is No. 5 or Nr. 7",
        "go to https://example.com/a.b?c=d,e now",
        "go to example.com now",
        "mail a.b@example.com now",
        "there were approx. five of them",
        "Apple vs. Google",
    ],
)
def test_numbers_addresses_and_abbreviations_end_nothing(text: str) -> None:
    assert is_one(text)


def test_no_is_a_sentence_unless_a_number_follows() -> None:
    assert cut("No. We stay") == ["No.", "We stay"]


def test_ordinal_numbers_end_sentences_only_where_they_are_not_written_so() -> None:
    text = "Am 3. Oktober"
    assert is_one(text, "de")
    assert cut(text, "en") == ["Am 3.", "Oktober"]
    assert cut("Es war 1995. Dann", "de") == ["Es war 1995.", "Dann"]


def test_the_greek_question_mark_is_a_semicolon_elsewhere() -> None:
    assert is_one("Why so; Because")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("when it rains here", True),
        ("so what", False),
        ("Yes.", True),
        ("Yes?!", True),
        ("Dr.", False),
        ("this is for Dr.", True),
        ("however,", False),
        ("今日は", False),
        ("今日は。", True),
        ("今日は天気がいい", False),
        ("今日は天気がいいね", True),
        ("...", False),
        ("", False),
    ],
)
def test_at_a_pause_the_end_is_certain(text: str, end: bool) -> None:
    assert clause_ends(text, language="en", paused=True) == ([len(text)] if end else [])
    assert is_one(text)


def test_at_a_pause_there_may_be_several() -> None:
    assert cut("Yes. I know what you mean. But", paused=True) == ["Yes.", "I know what you mean.", "But"]
    assert clause_ends("Yes. I know what you mean", language="en", paused=True) == [4, 25]


def test_a_long_text_without_marks_is_cut_before_a_short_word() -> None:
    assert cut("people sold vegetables behind the church of wonderful villages") == [
        "people sold vegetables behind the church",
        "of wonderful villages",
    ]


def test_a_long_text_is_not_cut_within_a_number_or_a_name() -> None:
    filler = "particularly " * 3
    assert cut(f"{filler}10 000 000 extraordinary pictures")[1] == "10 000 000 extraordinary pictures"
    assert cut(f"{filler}x with Dr. Silva and his family") == [f"{filler}x with", "Dr. Silva and his family"]
    assert cut("とても" * 6 + "と250000人もの人")[1].startswith("250000人")


def test_what_looks_like_an_endless_number_is_cut_all_the_same() -> None:
    clauses = cut("555 123 456 789 " * 60)
    assert len(clauses) > 1
    assert max(map(len, clauses)) <= 2 * MAX_COLUMNS


def test_scripts_without_spaces_are_cut_by_length() -> None:
    japanese = "今日はとてもいい天気なので友達と一緒に公園へ行ってお弁当を食べ"
    assert [clause[:2] for clause in cut(japanese)] == ["今日", "行っ"]
    chinese = "我们" * 30
    assert [len(clause) for clause in cut(chinese)] == [MAX_COLUMNS // 2, MAX_COLUMNS // 2, 16]
    thai = "ผมชื่อสมชายและวันนี้ผม" * 10
    assert all(len(clause) <= MAX_COLUMNS for clause in cut(thai))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", 0),
        ("One two.", 0),
        ("One two. Three", 8),
        ("One. Two? Three, four", 9),
        ('He said "Yes." Then', 14),
        ("Dr. Silva", 0),
        ("It was 5. We", 0),
        ("It was 1995. We", 12),
        ("One, two, three", 0),
        ("はい。そう。で", 6),
    ],
)
def test_the_last_sentence_that_more_words_follow(text: str, end: int) -> None:
    assert last_sentence_end(text) == end


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("... — !", []),
        ("Don't, well-known: 3.5%", ["Don't", "well-known", "3.5"]),
        ("(a@b.com) https://x.y/z?q=1.", ["a@b.com", "https://x.y/z?q=1"]),
        ("yes—no…maybe", ["yes", "no", "maybe"]),
        ("私はPython3が好き。", ["私", "は", "Python3", "が", "好", "き"]),
        ("か\u3099ン", ["か\u3099", "ン"]),
        ("หนี้", ["ห", "นี้"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),
        ("می\u200cروم", ["می\u200cروم"]),
        ("हिन्दी है।यह", ["हिन्दी", "है", "यह"]),
        ("snake_case $5 👍🏽", ["snake_case", "$5", "👍🏽"]),
    ],
)
def test_words_of_many_scripts(text: str, found: list[str]) -> None:
    assert [text[slice(*span)] for span in words(text)] == found


@pytest.mark.parametrize(
    ("gap", "of_the_first"),
    [
        ("", 0),
        (" ", 0),
        (", ", 1),
        (' "', 0),
        ('." "', 2),
        (" – ", 2),
        (" ? ", 2),
        (" « ", 0),
        (" » ", 2),
        (".“ ", 2),
        ("。「", 1),
        ("—", 1),
        (" ¿", 0),
        (" -", 0),
        ("!」", 2),
    ],
)
def test_marks_belong_to_the_word_that_they_touch(gap: str, of_the_first: int) -> None:
    assert trailing_marks(gap) == of_the_first


@pytest.mark.parametrize(
    ("text", "is_abbreviation"),
    [
        ("Dr.", True),
        ("the U.S.", True),
        ("e.g.", True),
        ("J.", True),
        ("А.", True),
        ("first.", False),
        ("WHO.", False),
        ("3.5.", False),
        ("adr.", False),
        ("5 p.m.", False),
        ("", False),
        ("No.", False),
    ],
)
def test_abbreviations(text: str, is_abbreviation: bool) -> None:
    assert ends_abbreviation(text, len(text)) == is_abbreviation
    assert ends_abbreviation(text + " Word", len(text)) == is_abbreviation


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ""),
        ("Sim. Logo. Sim", "Sim."),
        ("Ficamos em casa, porque chove.", "Ficamos em casa, porque chove."),
        ("O Dr. Silva vem. Sim", "O Dr. Silva vem."),
        ("Custa 3.5 euros. Sim", "Custa 3.5 euros."),
    ],
)
def test_the_first_sentence_ends_before_a_word(text: str, sentence: str) -> None:
    assert text[: first_sentence_end(text, "pt")] == sentence
