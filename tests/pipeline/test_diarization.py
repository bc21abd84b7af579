"""Who says which words of an utterance: words, turns and parts fit together, and no word is lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import SpeakerTurn, SpeakerTurns, Transcript, Word
from sokuji.errors import NotSupported, ProviderFailed
from sokuji.pipeline.diarization import check_diarization, speaker_parts
from tests.support.fake_stages import FakeDiarizer, FakeStt, ready_pipeline, voice
from tests.support.speech import silence

TEXT = "Where is the station? It is over there, behind the park."
MS_PER_WORD = 300


def transcript(text: str, *turns: tuple[int, int, int], timed: bool = True) -> Transcript:
    """Turns are given as start, end and number of the voice."""
    words = tuple(
        Word(word, number * MS_PER_WORD, (number + 1) * MS_PER_WORD)
        for number, word in enumerate(text.split())
    )
    found = tuple(SpeakerTurn(start, end, voice(number)) for start, end, number in turns)
    speakers = SpeakerTurns(turns=found, same_speaker=0.5)
    return Transcript(text=text, language="en", words=words if timed else (), speakers=speakers)


def said(heard: Transcript) -> list[str]:
    return [heard.text[part.start : part.end].strip() for part in speaker_parts(heard)]


def test_a_transcript_is_divided_where_the_speaker_changes() -> None:
    heard = transcript(TEXT, (0, 1_200, 0), (1_250, 3_300, 1))
    assert said(heard) == ["Where is the station?", "It is over there, behind the park."]
    one, other = speaker_parts(heard)
    assert (one.voice, other.voice) == (voice(0), voice(1))
    assert (one.start_ms, one.end_ms, other.start_ms) == (0, 1_200, 1_200)


@pytest.mark.parametrize("change_ms", [700, 900, 1_200, 1_500, 1_700])
def test_a_change_is_moved_to_the_end_of_a_sentence_nearby(change_ms: int) -> None:
    heard = transcript(TEXT, (0, change_ms, 0), (change_ms, 3_300, 1))
    assert said(heard) == ["Where is the station?", "It is over there, behind the park."]


def test_a_change_far_from_the_end_of_a_sentence_stays() -> None:
    heard = transcript(TEXT, (0, 2_400, 0), (2_400, 3_300, 1))
    assert said(heard) == ["Where is the station? It is over there,", "behind the park."]


@pytest.mark.parametrize("turns", [[(0, 3_300, 0)], [(0, 1_000, 0), (1_000, 3_300, 0)]])
def test_turns_of_one_speaker_are_one_part(turns: list[tuple[int, int, int]]) -> None:
    assert said(transcript(TEXT, *turns)) == [TEXT]


def test_without_times_of_words_all_is_said_by_who_speaks_longest() -> None:
    (part,) = speaker_parts(transcript(TEXT, (0, 1_000, 0), (1_000, 3_300, 1), timed=False))
    assert (part.start, part.end, part.voice) == (0, len(TEXT), voice(1))


def test_without_speakers_there_are_no_parts() -> None:
    assert speaker_parts(transcript(TEXT)) == []
    assert speaker_parts(Transcript(text=TEXT, language="en")) == []


@given(
    text=st.lists(st.sampled_from(["a", "bee", "a.", "no?", "über", "日本"]), min_size=1, max_size=20).map(
        " ".join
    ),
    lengths=st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 3)), min_size=1, max_size=8),
)
def test_parts_are_the_whole_text_in_order(text: str, lengths: list[tuple[int, int]]) -> None:
    turns, at = [], 0
    for length, number in lengths:
        turns.append((at, at + length, number))
        at += length
    heard = transcript(text, *turns)
    parts = speaker_parts(heard)
    assert (parts[0].start, parts[-1].end) == (0, len(text))
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(text[part.start : part.end].strip() for part in parts)
    assert [
        word.text for part in parts for word in heard.words[part.first_word : part.last_word]
    ] == text.split()


async def test_recognition_and_diarization_come_together() -> None:
    speakers = FakeDiarizer([(0, 1_000, voice(2))])
    pipeline = await ready_pipeline(FakeStt("olá"), speakers=speakers)
    heard = await pipeline.recognise(silence(1_000), "pt", diarize=True)
    assert heard.speakers is not None
    assert heard.speakers.turns == (SpeakerTurn(0, 1_000, voice(2)),)
    assert heard.speakers.provider == "fake"
    assert (await pipeline.recognise(silence(1_000), "pt")).speakers is None
    assert len(speakers.requests) == 1


async def test_a_diarizer_that_fails_costs_no_words() -> None:
    pipeline = await ready_pipeline(FakeStt("olá"), speakers=FakeDiarizer(ProviderFailed("broken")))
    heard = await pipeline.recognise(silence(1_000), "pt", diarize=True)
    assert (heard.text, heard.speakers) == ("olá", None)


async def test_a_recogniser_that_fails_leaves_no_diarization_behind() -> None:
    speakers = FakeDiarizer()
    speakers.gate.clear()
    pipeline = await ready_pipeline(FakeStt(ProviderFailed("broken")), speakers=speakers)
    with pytest.raises(ProviderFailed):
        await pipeline.recognise(silence(1_000), "pt", diarize=True)
    assert speakers.under_way == 0


async def test_where_speakers_are_not_told_apart_the_error_names_the_setting() -> None:
    with pytest.raises(NotSupported, match=r"speakers: \[campplus\]") as refusal:
        check_diarization((await ready_pipeline()).catalogue)
    assert refusal.value.param == "diarize"
    check_diarization((await ready_pipeline(speakers=FakeDiarizer())).catalogue)
