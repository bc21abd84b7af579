"""Labels of speakers: the same voice has the same label, and a label is never changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import SpeakerTurns, Transcript
from sokuji.pipeline.diarization import SpeakerPart
from sokuji.pipeline.speaker_labels import SURE_MS, SpeakerLabels, lettered, numbered
from tests.support.fake_stages import voice

TRANSCRIPT = Transcript(text="olá", language="pt", speakers=SpeakerTurns(turns=(), same_speaker=0.5))


def part(number: int, *, ms: int = 2_000, leaning: float = 0.0) -> SpeakerPart:
    return SpeakerPart(0, 3, 0, ms, voice(number, leaning=leaning))


@given(
    spoken=st.lists(
        st.tuples(st.integers(0, 3), st.integers(SURE_MS, 20_000), st.floats(0, 0.2)), min_size=1, max_size=40
    )
)
def test_each_voice_has_a_label_of_its_own_in_the_order_of_first_words(
    spoken: list[tuple[int, int, float]],
) -> None:
    labels = SpeakerLabels()
    given_labels: dict[int, str] = {}
    for number, ms, leaning in spoken:
        foreseen = labels.foresee(part(number, ms=ms, leaning=leaning), TRANSCRIPT)
        label = labels.label(part(number, ms=ms, leaning=leaning), TRANSCRIPT)
        assert label == foreseen
        assert given_labels.setdefault(number, label) == label
    assert list(given_labels.values()) == [numbered(number) for number in range(len(given_labels))]


@given(voices=st.lists(st.integers(0, 3), min_size=1, max_size=30), most=st.integers(1, 3))
def test_there_are_never_more_speakers_than_allowed(voices: list[int], most: int) -> None:
    labels = SpeakerLabels(most)
    assert len({labels.label(part(number), TRANSCRIPT) for number in voices}) <= most


def test_a_short_word_founds_no_speaker_but_the_first() -> None:
    labels = SpeakerLabels()
    assert labels.label(part(0, ms=200), TRANSCRIPT) == "speaker_1"
    assert labels.label(part(1, ms=SURE_MS - 1), TRANSCRIPT) == "speaker_1"
    assert labels.label(part(1, ms=SURE_MS), TRANSCRIPT) == "speaker_2"


def test_to_foresee_a_speaker_is_not_to_remember_one() -> None:
    labels = SpeakerLabels()
    labels.label(part(0), TRANSCRIPT)
    assert labels.foresee(part(1), TRANSCRIPT) == "speaker_2"
    assert labels.label(part(2), TRANSCRIPT) == "speaker_2"


def test_letters_go_on_behind_z() -> None:
    assert [lettered(number) for number in (0, 1, 25, 26, 27, 51, 52, 701, 702)] == [
        "A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip


@pytest.mark.parametrize("leaning", [0.0, 0.3])
def test_who_the_client_knows_has_the_name_that_it_gave(leaning: float) -> None:
    labels = SpeakerLabels(known={"Ana": voice(0), "Rui": voice(1)}, name=lettered)
    assert labels.label(part(1, leaning=leaning), TRANSCRIPT) == "Rui"
    assert labels.label(part(3), TRANSCRIPT) == "A"
    assert labels.label(part(0), TRANSCRIPT) == "Ana"
