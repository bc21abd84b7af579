"""Words on which two hypotheses agree are stable; stable text only grows, and no word is lost or doubled."""

import itertools

import pytest

from sokuji.text.stable_text import StableText


def hear(*hypotheses: str, stable: str = "") -> StableText:
    """Hypotheses in order; one that ends in "|" is about audio that ends in silence."""
    text = StableText(stable)
    for hypothesis in hypotheses:
        text.add(hypothesis.removesuffix("|"), paused=hypothesis.endswith("|"))
    return text


def parts(text: StableText) -> tuple[str, str]:
    assert text.text.startswith(text.stable)
    return text.stable, text.text.removeprefix(text.stable)


def test_it_begins_with_what_is_known() -> None:
    assert parts(StableText()) == ("", "")
    assert parts(StableText(" so far  so good ")) == ("so far so good", "")


@pytest.mark.parametrize(
    ("hypotheses", "stable", "tail"),
    [
        (["one two three"], "", "one two three"),
        (["one two", "one two three"], "one two", " three"),
        (["one two thr", "one two three"], "one two", " three"),
        (["one two ten", "one two tenants are"], "one two", " tenants are"),
        (["one two three", "one two three"], "one two", " three"),
        (["one two three", "one four three five"], "one", " four three five"),
        (["one two", "", "one two three"], "", "one two three"),
        (["  one \n two ", "one\ttwo  three"], "one two", " three"),
        (["", "..."], "", "..."),
        (["one", "one|"], "one", ""),
        (["one two", "one two, three", "one two, three|"], "one two, three", ""),
    ],
)
def test_what_two_in_a_row_agree_on_is_stable(hypotheses: list[str], stable: str, tail: str) -> None:
    assert parts(hear(*hypotheses)) == (stable, tail)


@pytest.mark.parametrize(
    ("hypotheses", "stable", "tail"),
    [
        (["Hello world. How", "hello World, how are"], "hello World, how", " are"),
        (["she said yes", "she said “Yes!” and"], "she said “Yes", "!” and"),
        (["¿Qué tal", "¿Qué tal? Bien"], "¿Qué tal", "? Bien"),
        (["rock and roll", "rock & roll music"], "rock", " & roll music"),
        (["it costs 3.5 or", "it costs 3.5 or"], "it costs 3.5", " or"),
        (["it costs 3.", "it costs 3.5 or"], "it costs", " 3.5 or"),
        (["no — never", "no — never ever"], "no — never", " ever"),
        (["mail a@b.com", "mail a@b.com now"], "mail a@b.com", " now"),
        (["ﬁne Straße now", "fine STRASSE now"], "fine STRASSE", " now"),
    ],
)
def test_case_and_outer_marks_do_not_count_and_the_newest_spelling_does(
    hypotheses: list[str], stable: str, tail: str
) -> None:
    assert parts(hear(*hypotheses)) == (stable, tail)


@pytest.mark.parametrize(
    ("hypotheses", "stable", "tail"),
    [
        (["今日は", "今日はいい天"], "今日は", "いい天"),
        (["そうですか。はい", "そうですか、はい、"], "そうですか、は", "い、"),
        (["私はPyth", "私はPythonが好"], "私は", "Pythonが好"),
        (["3人の", "3人の子"], "3人の", "子"),
        (["สวัสดีค", "สวัสดีครับ"], "สวัสดีค", "รับ"),
        (["မြန်မာ", "မြန်မာစာ"], "မြန်မာ", "စာ"),
        (["안녕하세요 여러", "안녕하세요 여러분 반"], "안녕하세요", " 여러분 반"),
        (["यह घर", "यह घर है।यह"], "यह घर", " है।यह"),
    ],
)
def test_scripts_without_spaces_agree_character_by_character(
    hypotheses: list[str], stable: str, tail: str
) -> None:
    assert parts(hear(*hypotheses)) == (stable, tail)


def test_the_mark_behind_a_word_is_stable_with_the_next_word_or_at_a_pause() -> None:
    assert parts(hear("It is late.", "It is late. We")) == ("It is late", ". We")
    assert parts(hear("It is late.", "It is late. We", "It is late. We go")) == ("It is late. We", " go")
    assert parts(hear("Is it late", "Is it late?|")) == ("Is it late?", "")
    assert parts(hear("Is it late", "Is it late or", "Is it late?|")) == ("Is it late", "?")
    assert parts(hear("Is it late", "Is it late now", "Is it late", "Is it late?|")) == ("Is it late?", "")


def test_a_mark_that_became_stable_at_a_pause_stays_when_the_speaker_goes_on() -> None:
    text = hear("I went", "I went.|", "I went, as always, home", "I went as always home again")
    assert parts(text) == ("I went. as always home", " again")
    assert text.finish("I went, as always, home again.") == "I went. as always home again."


@pytest.mark.parametrize(
    ("stable", "hypothesis", "tail"),
    [
        ("so we have ten", "so we have tenants in", " in"),
        ("I want to go", "I wanna go home", " home"),
        ("I can not", "I cannot go", " go"),
        ("I have two hundred", "I have 200 people here", " people here"),
        ("we like green apples", "we like green they are", " they are"),
        ("he said their", "he said there, it", ", it"),
        ("Well. It is.", "Well, it is, and so", " and so"),
        ("one two three four", "zero one two three four five", " five"),
        ("one two three four", "two three four five", " five"),
        ("one two three four", "one two", ""),
        ("一二三四", "一二参四五", "五"),
        ("one two three", "", ""),
        ("ok", "a totally different text", " a totally different text"),
    ],
)
def test_a_contradiction_does_not_change_stable_words_and_goes_on_behind_them(
    stable: str, hypothesis: str, tail: str
) -> None:
    assert parts(hear(hypothesis, stable=stable)) == (stable, tail)
    assert StableText(stable).finish(hypothesis) == stable + tail


def test_words_agree_behind_contradicted_ones_too() -> None:
    text = hear("I wanna go home", "I wanna go home now", stable="I want to go")
    assert parts(text) == ("I want to go home", " now")


WRONG = "Muitas pessoas perguntam por que"
RIGHT = "Muita gente pergunta por que ainda", "Muita gente pergunta por que ainda compramos livros"


def test_where_hypotheses_agree_stable_words_are_the_error_and_what_follows_them_goes_on() -> None:
    text = hear(*RIGHT, RIGHT[1], stable=WRONG)
    assert text.stable == f"{WRONG} ainda compramos"


@pytest.mark.parametrize("between", ["E depois de muito tempo eles", WRONG, ""])
def test_hypotheses_that_do_not_follow_each_other_do_not_agree(between: str) -> None:
    assert hear(RIGHT[0], between, RIGHT[1], stable=WRONG).stable == WRONG


def test_nonsense_is_ignored() -> None:
    text = hear("we left the old house early", stable="we left the old house")
    for nonsense in ("Thanks for watching!", "", "la la la la la la la la la la"):
        text.add(nonsense)
        assert parts(text) == ("we left the old house", " early")
    text.add("we left the old house early in")
    assert parts(text) == ("we left the old house early", " in")


def test_settling_keeps_all_words_of_the_last_hypothesis() -> None:
    text = hear("one two three", "one two three four")
    assert text.finish("One, two, three, five six.") == "one two three, five six."
    assert parts(text) == ("one two three, five six.", "")
    assert StableText().finish(" Exactly  this. ") == "Exactly this."
    assert StableText("one two").finish("") == "one two"
    assert StableText("一二三四").finish("全然違う話") == "一二三四話"


def test_what_is_split_off_is_gone_and_the_rest_goes_on() -> None:
    text = hear("One two. Three four fi", "One two. Three four five")
    assert text.split(len("One two.")) == "One two."
    assert parts(text) == ("Three four", " five")
    text.add("Three four five six")
    assert parts(text) == ("Three four five", " six")
    assert text.finish("Three four five six.") == "Three four five six."


def test_words_that_are_not_stable_count_as_heard_in_the_next_segment() -> None:
    text = hear("One two. Three fo", "One two. Three four")
    assert text.split(len("One two. Three")) == "One two. Three"
    assert parts(text) == ("", "four")
    text.add("Four five")
    assert parts(text) == ("Four", " five")


def test_the_mark_behind_what_was_split_off_goes_too() -> None:
    text = hear("One two", "One two, (three")
    assert text.split(len("One two")) == "One two"
    assert parts(text) == ("", "(three")
    text = hear("One two", "One two three", "One two.")
    assert text.split(len("One two")) == "One two"
    assert parts(text) == ("", "")


def test_only_stable_text_can_be_split_off() -> None:
    text = hear("one two", "one two three")
    for chars in (-1, len("one two") + 1):
        with pytest.raises(ValueError, match="only stable text"):
            text.split(chars)
    assert text.split(0) == ""
    assert parts(text) == ("one two", " three")


@pytest.mark.slow
def test_all_short_sequences_of_hypotheses_against_the_definition() -> None:
    texts = [" ".join(words) for length in range(4) for words in itertools.product("ab", repeat=length)]
    for hypotheses in itertools.product(texts, repeat=3):
        for pauses in itertools.product((False, True), repeat=3):
            text = StableText()
            stable: list[str] = []
            before: list[str] = []
            for hypothesis, paused in zip(hypotheses, pauses, strict=True):
                now = hypothesis.split()
                text.add(hypothesis, paused=paused)
                if now[: len(stable)] != stable:
                    break  # a contradiction: the definition does not say what happens then
                both = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False))
                agreed = [word for word, _ in both]
                stable = max(stable, agreed[: len(now) - (not paused)], key=len)
                before = now
                assert (text.stable.split(), text.text.split()) == (stable, now)
