"""Who speaks in a session: labels in captions, translations and audio, and a voice for each speaker."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji import events
from sokuji.contract import SpeakerTurn, SpeakerTurns, Transcript, Voice, Word
from sokuji.errors import InvalidRequest, NotSupported, ProviderFailed, SokujiError, UnknownVoice
from sokuji.session.conversation import ConversationSettings
from sokuji.session.speaker_voices import SpeakerVoices
from sokuji.session.speakers import LabelledTranscript, SessionSpeakers
from tests.support.fake_stages import FakeDiarizer, FakeStt, FakeTts, Turns, ready_pipeline, voice
from tests.support.session_events import finals, of_kind
from tests.support.session_scenarios import open_real_speech_session, translate_speech, utterances

DIARIZE = ConversationSettings(source_language="pt", target_languages=("en",), diarize=True)
WORDS = ["Quem", "é?", "Sou", "eu,", "claro."]
TWO_SPEAKERS = Transcript(
    text=" ".join(WORDS),
    language="pt",
    words=tuple(Word(word, 600 * at, 600 * at + 600) for at, word in enumerate(WORDS)),
)
FIRST: Turns = [(0, 1_200, voice(0))]
SECOND: Turns = [(0, 1_200, voice(1))]
BOTH: Turns = [(0, 1_200, voice(0)), (1_200, 3_000, voice(1))]


def voices(*ids: str) -> FakeTts:
    tts = FakeTts()
    english = [Voice(id=each, name=each, language="en-US", languages=("en",)) for each in ids]
    tts.info = replace(tts.info, voices=tuple(english))
    return tts


async def conversation(
    said: Sequence[str | Transcript | SokujiError],
    turns: Sequence[Turns | SokujiError],
    settings: ConversationSettings = DIARIZE,
    tts: FakeTts | None = None,
) -> list[events.Event]:
    pipeline = await ready_pipeline(FakeStt(*said), tts=tts, speakers=FakeDiarizer(*turns))
    return await translate_speech(pipeline, utterances(len(said)), settings)


def speakers_of(
    seen: list[events.Event], kind: type[events.TranslationText] | type[events.Audio]
) -> list[str | None]:
    return [event.speaker for event in of_kind(seen, kind)]


async def test_every_event_of_an_utterance_says_who_speaks() -> None:
    seen = await conversation(["um", "dois", "três"], [FIRST, SECOND, FIRST])
    labels = ["speaker_1", "speaker_2", "speaker_1"]
    assert [event.speaker for event in finals(seen)] == labels
    assert speakers_of(seen, events.TranslationText) == labels
    assert list(dict.fromkeys(speakers_of(seen, events.Audio))) == ["speaker_1", "speaker_2"]
    assert all(event.turns == () for event in finals(seen))


async def test_what_two_say_in_one_utterance_is_translated_and_spoken_apart() -> None:
    tts = voices("joe", "amy")
    seen = await conversation([TWO_SPEAKERS, "Ah."], [BOTH, FIRST], tts=tts)
    caption, _ = finals(seen)
    assert caption.speaker == "speaker_2"
    assert [(turn.speaker, turn.text) for turn in caption.turns] == [
        ("speaker_1", "Quem é?"),
        ("speaker_2", "Sou eu, claro."),
    ]
    translated = of_kind(seen, events.TranslationText)
    assert [(each.text, each.speaker, each.is_final) for each in translated] == [
        ("en: Quem é?", "speaker_1", False),
        ("en: Sou eu, claro.", "speaker_2", True),
        ("en: Ah.", "speaker_1", True),
    ]
    assert [request.voice for request in tts.requests] == ["joe", "amy", "joe"]
    assert not of_kind(seen, events.Failed)


async def test_without_diarize_nobody_is_named_and_no_diarizer_is_asked() -> None:
    speakers = FakeDiarizer(BOTH)
    pipeline = await ready_pipeline(FakeStt(TWO_SPEAKERS), speakers=speakers)
    seen = await translate_speech(pipeline, utterances(1), replace(DIARIZE, diarize=False))
    assert [event.speaker for event in finals(seen)] == [None]
    assert speakers_of(seen, events.TranslationText) == [None]
    assert not speakers.requests


async def test_a_diarizer_that_fails_costs_no_words_and_the_conversation_goes_on() -> None:
    seen = await conversation(["um", "dois"], [ProviderFailed("broken"), FIRST])
    assert [(event.text, event.speaker) for event in finals(seen)] == [("um", None), ("dois", "speaker_1")]
    assert not of_kind(seen, events.Failed)


async def test_speakers_have_the_voices_that_the_client_names_and_others_a_free_one() -> None:
    settings = replace(DIARIZE, voice_id="amy", speaker_voices={"speaker_2": "joe"})
    third: Turns = [(0, 1_200, voice(2))]
    tts = voices("joe", "amy", "sue")
    await conversation(["um", "dois", "três"], [FIRST, SECOND, third], settings, tts)
    assert [request.voice for request in tts.requests] == ["amy", "joe", "sue"]


async def test_no_more_speakers_are_told_apart_than_the_client_allows() -> None:
    seen = await conversation(["um", "dois"], [FIRST, SECOND], replace(DIARIZE, max_speakers=1))
    assert [event.speaker for event in finals(seen)] == ["speaker_1", "speaker_1"]


async def test_what_the_recogniser_translates_is_of_the_one_who_says_most() -> None:
    """The recogniser translates Spanish as a whole, so the utterance is not divided."""
    spanish = replace(TWO_SPEAKERS, language="es")
    settings = replace(DIARIZE, source_language="es")
    pipeline = await ready_pipeline(FakeStt(spanish, "Who is it? It's me."), speakers=FakeDiarizer(BOTH))
    seen = await translate_speech(pipeline, utterances(1), settings)
    assert [turn.speaker for turn in finals(seen)[0].turns] == ["speaker_1", "speaker_2"]
    assert speakers_of(seen, events.TranslationText) == ["speaker_2"]


@pytest.mark.parametrize(
    ("settings", "error", "param"),
    [
        (replace(DIARIZE, diarize=False, max_speakers=2), InvalidRequest, "max_speakers"),
        (
            replace(DIARIZE, diarize=False, speaker_voices={"speaker_1": "joe"}),
            InvalidRequest,
            "speaker_voices",
        ),
        (replace(DIARIZE, speaker_voices={"speaker_1": "nobody"}), UnknownVoice, "speaker_voices"),
    ],
)
async def test_options_without_effect_are_refused_by_name(
    settings: ConversationSettings, error: type[SokujiError], param: str
) -> None:
    session = open_real_speech_session(await ready_pipeline(speakers=FakeDiarizer()))
    with pytest.raises(error) as refusal:
        session.configure(settings)
    assert refusal.value.param == param


async def test_where_speakers_are_not_told_apart_the_session_is_refused() -> None:
    session = open_real_speech_session(await ready_pipeline())
    with pytest.raises(NotSupported, match=r"speakers: \[campplus\]"):
        session.configure(DIARIZE)


@given(
    speakers=st.lists(st.integers(0, 9), min_size=1, max_size=30),
    count=st.integers(1, 5),
    named=st.dictionaries(st.integers(0, 9), st.integers(0, 4), max_size=3),
)
def test_a_speaker_keeps_a_voice_and_shares_it_only_when_all_are_given(
    speakers: list[int], count: int, named: dict[int, int]
) -> None:
    known = [f"voice {number}" for number in range(count)]
    wanted = {f"speaker_{speaker}": f"voice {number}" for speaker, number in named.items()}
    chosen, given_voices = SpeakerVoices(), dict[str, str]()
    for speaker in (f"speaker_{number}" for number in speakers):
        voice_id = chosen.voice_id(speaker, known[0], known, wanted)
        assert voice_id in known
        assert given_voices.setdefault(speaker, voice_id) == voice_id
        if wanted.get(speaker) in known:
            assert voice_id == wanted[speaker]
    unnamed = {speaker: given_voices[speaker] for speaker in given_voices if wanted.get(speaker) not in known}
    if len(given_voices.keys() | wanted.keys()) <= count:
        assert len(set(unnamed.values())) == len(unnamed)


@given(
    texts=st.lists(st.sampled_from(["olá ", "um dois ", "três. "]), min_size=1, max_size=6),
    begin=st.integers(0, 40),
)
def test_the_parts_of_a_text_are_the_text(texts: list[str], begin: int) -> None:
    text = "".join(texts).rstrip()
    starts = [len("".join(texts[:number])) for number in range(len(texts))]
    labelled = LabelledTranscript(text, [(start, f"speaker_{at % 2}") for at, start in enumerate(starts)])
    for rest in (text[min(begin, len(text)) :], "other words"):
        parts = labelled.parts(rest)
        assert "".join(part.text for part in parts) == rest
        assert all(one.speaker != other.speaker for one, other in pairwise(parts))
    assert labelled.speaker_between(0, len(texts[0]) - 1) == "speaker_0"


def test_foreseen_speakers_are_those_that_come_of_it() -> None:
    found = SpeakerTurns(turns=(SpeakerTurn(0, 1_200, voice(3)),), same_speaker=0.5)
    transcript = replace(TWO_SPEAKERS, speakers=found)
    speakers = SessionSpeakers()
    assert speakers.foresee(transcript, DIARIZE) == speakers.label(transcript, DIARIZE)
    assert speakers.label(transcript, replace(DIARIZE, diarize=False)).speaker is None
