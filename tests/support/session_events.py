"""Selections of the events of a session, and the invariants that they satisfy."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from sokuji import events
from tests.support.session_scenarios import SpokenScript

E = TypeVar("E")


def translations(seen: list[events.Event], target: str) -> list[str]:
    return [event.text for event in of_kind(seen, events.TranslationText) if event.target_language == target]


def of_kind(seen: list[events.Event], kind: type[E]) -> list[E]:
    return [event for event in seen if isinstance(event, kind)]


def finals(seen: list[events.Event]) -> list[events.Transcription]:
    return [event for event in of_kind(seen, events.Transcription) if event.is_final]


def assert_whole(seen: list[events.Event], script: SpokenScript, targets: Sequence[str] = ("en",)) -> None:
    """Captions and each translation hold every word once and in order."""
    assert " ".join(event.text for event in finals(seen)).split() == script.words
    for target in targets:
        translations = [
            event for event in of_kind(seen, events.TranslationText) if event.target_language == target
        ]
        assert " ".join(event.text for event in translations).split() == script.words
        places = [(event.segment_id, event.clause) for event in translations]
        assert places == sorted(set(places))
        assert [event.segment_id for event in translations if event.is_final] == [
            each.segment_id for each in finals(seen)
        ]
        spoken = [event for event in of_kind(seen, events.Audio) if event.target_language == target]
        chunks = [(event.segment_id, event.clause, event.chunk) for event in spoken]
        assert chunks == sorted(set(chunks))
        voiced = {(event.segment_id, event.clause) for event in spoken if event.last}
        assert voiced == {(event.segment_id, event.clause) for event in translations if event.text}
    assert not of_kind(seen, events.Failed)
    assert isinstance(seen[-1], events.Done)


def assert_append_only(seen: list[events.Event]) -> None:
    """Stable text is never changed."""
    stable: dict[int, str] = defaultdict(str)
    for event in of_kind(seen, events.Transcription):
        assert event.text.startswith(stable[event.segment_id])
        assert event.stable_chars >= len(stable[event.segment_id])
        stable[event.segment_id] = event.text[: event.stable_chars]
    ids = [event.segment_id for event in of_kind(seen, events.Transcription)]
    assert ids == sorted(ids)
    shown: dict[tuple[int, str, int], str] = defaultdict(str)
    complete: set[tuple[int, str, int]] = set()
    for each in seen:
        if isinstance(each, events.TranslationText | events.PartialTranslation):
            place = each.segment_id, each.target_language, each.clause
            assert each.text.startswith(shown[place])
            assert place not in complete
            if isinstance(each, events.PartialTranslation):
                assert len(shown[place]) <= each.stable_chars <= len(each.text)
                shown[place] = each.text[: each.stable_chars]
            else:
                complete.add(place)
    assert all(place in complete for place, text in shown.items() if text)


def assert_acknowledged(seen: list[events.Event]) -> None:
    """Acks grow, and none covers what has not been delivered."""
    acks = [event.through_ms for event in of_kind(seen, events.Ack)]
    assert acks == sorted(acks)
    for index, event in enumerate(seen):
        if isinstance(event, events.Ack) and event.through_ms:
            later = [
                each for each in seen[index:] if isinstance(each, events.Transcription) and each.is_final
            ]
            assert all(each.end_ms > event.through_ms for each in later)


def assert_delivered(seen: list[events.Event], targets: Sequence[str]) -> None:
    """An acknowledgement follows the captions, translations and voice of each target that it covers."""
    for index, ack in enumerate(seen):
        if not isinstance(ack, events.Ack):
            continue
        before = seen[:index]
        for target in targets:
            texts = [
                each for each in of_kind(before, events.TranslationText) if each.target_language == target
            ]
            over = {each.segment_id for each in texts if each.is_final}
            due = [each.segment_id for each in finals(seen) if each.end_ms <= ack.through_ms]
            assert over.issuperset(due)
            # The text of an ack belongs to the oldest segment that is not over.
            current = min((each.segment_id for each in texts if each.segment_id not in due), default=None)
            own = [each for each in texts if each.segment_id == current and each.clause < ack.clauses]
            words = ack.text.split()
            assert " ".join(each.text for each in own).split()[: len(words)] == words
            voiced = {
                (each.segment_id, each.clause)
                for each in of_kind(before, events.Audio)
                if each.last and each.target_language == target
            }
            wanted = [each for each in texts if each.segment_id in due] + own
            assert voiced.issuperset((each.segment_id, each.clause) for each in wanted if each.text)
