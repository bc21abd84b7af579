"""Hypothesis strategies of texts and the times of speech."""

from itertools import accumulate

from hypothesis import strategies as st

from sokuji.text.subtitles.timed_words import TimedText

_WORDS = st.one_of(
    st.sampled_from(
        ["a", "in", "Dr.", "U.S.", "3.5", "1,000", "well-known", "(so)", "“said”", "…", "-->", "<b>"]
    ),
    st.sampled_from(
        ["你好，", "世界。", "ありがとう", "ございます。", "สวัสดี", "مرحبا،", "привет!", "1", "&amp;", "{x}"]
    ),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60),
)
TEXTS = st.lists(_WORDS, min_size=1, max_size=40).map(" ".join)


@st.composite
def spoken_parts(draw: st.DrawFn) -> list[TimedText]:
    """Parts of an utterance of up to some minutes, in order, some without duration."""
    words = draw(st.lists(_WORDS, min_size=1, max_size=20))
    steps = draw(st.lists(st.integers(0, 4_000), min_size=2 * len(words), max_size=2 * len(words)))
    times = list(accumulate(steps))
    return [TimedText(*part) for part in zip(words, times[::2], times[1::2], strict=True)]
