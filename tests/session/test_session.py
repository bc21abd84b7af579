"""The order and completeness of the events of a session, whatever is spoken and whatever the client does."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import events
from sokuji.config import Commit
from sokuji.session.conversation import ConversationSettings
from tests.support.coded_speech import CodedStt, coded_words, spelled
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.session_events import (
    assert_acknowledged,
    assert_append_only,
    assert_delivered,
    assert_whole,
    finals,
    of_kind,
    translations,
)
from tests.support.session_scenarios import (
    PT_TO_EN,
    SpokenScript,
    open_real_speech_session,
    open_session,
    pipeline_of,
    running,
    speak,
    translate_speech,
    utterances,
)
from tests.support.speech import silence


async def test_twenty_utterances_come_back_in_order_none_lost_none_twice() -> None:
    stt, translator = FakeStt(delay_s=0.01), FakeTranslator(delay_s=0.02)
    seen = await translate_speech(await ready_pipeline(stt, translator), utterances(20))
    wanted = [f"utterance {number}" for number in range(1, 21)]
    assert [event.text for event in of_kind(seen, events.Transcription)] == wanted
    assert [event.text for event in of_kind(seen, events.TranslationText)] == [
        f"en: {text}" for text in wanted
    ]
    assert [event.segment_id for event in of_kind(seen, events.Audio) if event.last] == list(range(20))
    assert isinstance(seen[-1], events.Done)


async def test_events_of_an_utterance_come_in_the_order_of_the_contract() -> None:
    seen = await translate_speech(await ready_pipeline(), utterances(1))
    kinds = [type(event).__name__ for event in seen]
    assert kinds == [
        "Ready", "Speech", "Speech", "Transcription", "TranslationText", "Audio", "Audio",
        "Ack", "Status", "Ack", "Done",
    ]  # fmt: skip


async def test_recognition_goes_on_while_an_earlier_utterance_waits_for_its_voice() -> None:
    tts = FakeTts()
    tts.gate.clear()
    session = open_real_speech_session(await ready_pipeline(tts=tts))
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(utterances(3))
        async with asyncio.timeout(10):
            while len(of_kind(seen, events.TranslationText)) < 3:
                await asyncio.sleep(0.01)
        assert not of_kind(seen, events.Audio)
        tts.gate.set()
        session.end()
    assert [event.segment_id for event in of_kind(seen, events.Audio) if event.last] == [0, 1, 2]


SCRIPTS = st.lists(
    st.tuples(st.integers(1, 14), st.sampled_from([64, 96, 160, 320, 448, 600, 1_200, 3_000])),
    min_size=1,
    max_size=6,
).map(SpokenScript)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    script=SCRIPTS,
    seed=st.integers(0, 1_000),
    sizes=st.lists(st.integers(1_000, 30_000), min_size=2, max_size=4),
    loses=st.sampled_from([0.0, 0.2]),
    pause_s=st.sampled_from([0.0, 0.004]),
    commit=st.sampled_from(["clause", "utterance"]),
    targets=st.sampled_from([("en",), ("en", "pt")]),
)
async def test_whatever_is_said_comes_out_whole_in_order_and_is_never_taken_back(
    script: SpokenScript, seed: int, sizes: list[int], loses: float, pause_s: float, commit: Commit,
    targets: tuple[str, ...],
) -> None:  # fmt: skip
    stt = CodedStt(seed, loses=loses, delay_s=0.001)
    conversation = ConversationSettings(
        source_language="pt",
        target_languages=targets,
        partials=True,
        commit=commit,
    )
    session = open_session(await pipeline_of(stt))
    async with running(session, pause_s) as seen:
        session.configure(conversation)
        await speak(session, script.pcm, sizes)
        session.end()
    assert_whole(seen, script, targets)
    assert_append_only(seen)
    assert_acknowledged(seen)
    assert_delivered(seen, targets)
    assert stt.under_way == 0


COMMANDS = st.sampled_from(["", "", "", "flush", "cancel", "config", "pause"])


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(st.tuples(st.integers(1, 12), COMMANDS), min_size=1, max_size=10),
    seed=st.integers(0, 1_000),
    source=st.sampled_from(["pt", "es"]),
    chosen=st.lists(st.sampled_from([("en",), ("pt", "en"), ("en", "es"), ("es",)]), min_size=2, max_size=3),
    commits=st.lists(st.sampled_from(["clause", "utterance"]), min_size=2, max_size=3),
    loses=st.sampled_from([0.0, 0.2]),
    pause_s=st.sampled_from([0.0, 0.004]),
)
async def test_whatever_commands_come_meanwhile_every_word_reaches_the_targets_set_when_it_was_spoken(
    said: list[tuple[int, str]], seed: int, source: str, chosen: list[tuple[str, ...]], commits: list[Commit],
    loses: float, pause_s: float,
) -> None:  # fmt: skip
    stt, tts = CodedStt(seed, loses=loses, delay_s=0.001), FakeTts()
    stt.info = replace(stt.info, languages=("en", "es", "pt"), translates_to=("en",))
    session, expected, turn, number = open_session(await pipeline_of(stt, tts=tts)), ExpectedWords(), 0, 0
    async with running(session, pause_s) as seen:
        for count, command in [(0, "config"), *said]:
            await speak(session, coded_words(number, count))
            expected.say(range(number, number + count), chosen[turn % len(chosen)])
            number += count
            match command:
                case "config":
                    turn += 1
                    session.configure(
                        ConversationSettings(
                            source_language=source,
                            target_languages=chosen[turn % len(chosen)],
                            partials=bool(seed % 2),
                            commit=commits[turn % len(commits)],
                        )
                    )
                case "flush":
                    session.flush()
                case "cancel":
                    session.cancel()
                case "pause":
                    await speak(session, silence(seed))
        session.end()
    assert " ".join(event.text for event in finals(seen)).split() == [spelled(each) for each in range(number)]
    assert {
        target: " ".join(translations(seen, target)).split() for target in expected.words
    } == expected.words
    assert_append_only(seen)
    assert_acknowledged(seen)
    assert not of_kind(seen, events.Failed)
    assert stt.under_way == tts.under_way == 0


class ExpectedWords:
    """The words that each target should get."""

    def __init__(self) -> None:
        self.words: dict[str, list[str]] = {}

    def say(self, numbers: range, targets: tuple[str, ...]) -> None:
        """These words are for those."""
        for target in targets:
            self.words.setdefault(target, []).extend(spelled(number) for number in numbers)
