"""Agreement on random texts, truncations and mistakes: what must hold whatever is recognised."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.text.punctuation import trailing_marks, words
from sokuji.text.stable_text import StableText

SCRIPTS = [
    "abcdeé'",
    "ABИжЁ0123",
    "今日はいカナー々",
    "สวัสดี",
    "မြန်မာ",
    "ខ្មែរ",
    "हैंयह",
    "안녕3",
    "a\u0301\u200d🙂$",
]
MARKS = st.text(" ,.!?…。、「」“”()—–-'%।", max_size=3)
WORDS = st.sampled_from(SCRIPTS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=5))
PLAIN = st.text("abcdefgh", min_size=3, max_size=6)


def normalised(text: str) -> str:
    return " ".join(text.split())


TEXTS = st.lists(st.tuples(MARKS, WORDS, MARKS, st.sampled_from(["", " ", " ", " "])), max_size=12).map(
    lambda each: normalised("".join(part for parts in each for part in parts))
)


def word_ends(text: str) -> list[int]:
    """Where audio can end in silence: behind words, or behind the marks that follow them."""
    spans = words(text)
    nexts = [*(span.start for span in spans[1:]), len(text)]
    marks = [span.end + trailing_marks(text[span.end : at]) for span, at in zip(spans, nexts, strict=False)]
    return sorted({0, *marks, *(span.end for span in spans)})


@settings(deadline=None)
@given(TEXTS, st.data())
def test_truncations_of_a_text_lead_to_exactly_that_text(text: str, data: st.DataObject) -> None:
    heard, stable = StableText(), ""
    growing = st.one_of(st.integers(0, len(text)), st.sampled_from(word_ends(text)))
    for at in sorted(data.draw(st.lists(growing, max_size=6))):
        paused = at in word_ends(text) and data.draw(st.booleans())
        heard.add(text[:at], paused=paused)
        assert heard.stable.startswith(stable)
        assert heard.text.startswith(heard.stable)
        assert text.startswith(heard.stable)
        stable = heard.stable
    assert heard.finish(text) == text
    assert (heard.stable, heard.text) == (text, text)


@settings(deadline=None)
@given(TEXTS, st.lists(st.tuples(TEXTS, st.floats(0, 1), TEXTS, st.booleans()), max_size=8), st.data())
def test_whatever_is_recognised_stable_text_only_grows(
    text: str, heard: list[tuple[str, float, str, bool]], data: st.DataObject
) -> None:
    growing, stable = StableText(), ""
    for before, share, after, paused in heard:
        growing.add(before[:3] + text[: int(share * len(text))] + after, paused=paused)
        assert growing.stable.startswith(stable)
        assert growing.text.startswith(growing.stable)
        stable = growing.stable
        if data.draw(st.integers(0, 5)) == 5:
            chars = data.draw(st.integers(0, len(stable)))
            assert growing.split(chars) == stable[:chars].strip()
            assert growing.stable == stable[chars:].lstrip()
            assert growing.text.startswith(growing.stable)
            stable = growing.stable
    settled = growing.finish(text)
    assert settled.startswith(stable)
    assert settled == growing.stable == growing.text


@settings(deadline=None)
@given(TEXTS, TEXTS, st.booleans())
def test_only_what_both_begin_with_becomes_stable(one: str, other: str, paused: bool) -> None:
    text = StableText()
    text.add(one)
    assert text.stable == ""
    text.add(other, paused=paused)
    assert normalised(other).startswith(text.stable)
    agreed = [other[slice(*span)].casefold() for span in words(text.stable)]
    assert agreed == [other[slice(*span)].casefold() for span in words(other)[: len(agreed)]]
    assert len(agreed) <= max(len(words(other)) - (not paused), 0)
    assert len(agreed) <= len(words(one))


@st.composite
def contradictions(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    """Stable words; the same with mistakes, never two in a row, none in the last word; what follows them."""
    all_words = draw(st.lists(PLAIN, min_size=4, max_size=24, unique=True))
    count = draw(st.integers(1, len(all_words) - 1))
    spare = draw(st.lists(PLAIN.map(str.upper), min_size=count, max_size=count, unique=True))
    stable, wrong, intact = all_words[:count], list[str](), True
    for word, other in zip(stable, spare, strict=True):
        is_last = word == stable[-1]
        mistake = draw(st.sampled_from(["", "replaced", "missing", "additional"])) if intact else ""
        intact = not mistake
        kept = {"replaced": [other + "x"], "missing": [], "additional": [other + "x", word]}
        wrong += [word] if is_last or not mistake else kept[mistake]
    return stable, wrong, all_words[count:]


@settings(deadline=None)
@given(contradictions())
def test_no_word_behind_the_stable_ones_is_lost_or_doubled(
    example: tuple[list[str], list[str], list[str]],
) -> None:
    stable, wrong, rest = example
    settled = StableText(" ".join(stable)).finish(" ".join(wrong + rest))
    assert settled == " ".join(stable + rest)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_settling_on_anything_takes_an_end_of_it(stable: str, final: str) -> None:
    text = StableText(stable)
    behind = text.finish(final).removeprefix(stable)
    assert final.endswith(behind.lstrip())
    assert text.stable == stable + behind


@settings(deadline=None)
@given(TEXTS, TEXTS, st.data())
def test_a_segment_that_is_split_goes_on_as_if_it_had_been_two(
    first: str, second: str, data: st.DataObject
) -> None:
    text = StableText()
    whole = normalised(f"{first} {second}")
    for _ in range(2):
        text.add(whole)
    chars = data.draw(st.sampled_from([at for at in word_ends(whole) if at <= len(text.stable)]))
    left, rest = text.split(chars), whole[chars:].strip()
    assert text.finish(rest) in (rest, rest[trailing_marks(rest) :].strip())
    assert left + " " + rest == whole or left + rest == whole
