"""The recordings of ``lost_speech``, and which of them are tried."""

import pytest
import typer

from load_tests.lost_speech import GAPS_MS, SENTENCES, joined_speech
from load_tests.scenarios.options import recording_numbers
from load_tests.scenarios.speech_samples import recordings

LANGUAGES = ("it", "ja")


@pytest.mark.parametrize("equal", [False, True])
def test_recordings_are_made_of_sentences_with_gaps(equal: bool) -> None:
    made = joined_speech(LANGUAGES, 8, seed=1, equal=equal)
    assert [each.recording.language for each in made] == [*LANGUAGES] * 4
    for each in made:
        assert SENTENCES[0] <= len(each.sentences) <= SENTENCES[1]
        seconds = {clip.text: clip.seconds for clip in recordings(each.recording.language)}
        gaps_s = each.recording.seconds - sum(seconds[sentence] for sentence in each.sentences)
        assert GAPS_MS[0] <= 1_000 * gaps_s / len(each.sentences) <= GAPS_MS[1] + 400
    assert all(len(set(each.sentences)) == 1 for each in made) == equal


def test_a_recording_is_the_same_however_many_are_made() -> None:
    assert joined_speech(LANGUAGES, 3, seed=1) == joined_speech(LANGUAGES, 5, seed=1)[:3]


def test_numbers_of_recordings_are_those_that_there_are() -> None:
    assert recording_numbers("0,4", 5) == [0, 4]
    for wrong in ("5", "-1", "", "1,", "one"):
        with pytest.raises(typer.BadParameter):
            recording_numbers(wrong, 5)
