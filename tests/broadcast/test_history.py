"""The history keeps the last segments, in bounds, and gives what came behind an event."""

from hypothesis import given
from hypothesis import strategies as st

from sokuji import events
from sokuji.broadcast import history
from sokuji.broadcast.contract import NumberedEvent
from sokuji.broadcast.history import History
from tests.broadcast.events import caption, translation, voice

KINDS = st.sampled_from(["partial", "final", "en", "es", "voice en", "voice es"])


def event_of(kind: str, segment_id: int) -> events.HeardEvent:
    if kind.startswith("voice"):
        return voice(segment_id, kind[-2:], size=2**19)
    if kind in ("partial", "final"):
        return caption(segment_id, final=kind == "final")
    return translation(segment_id, kind)


@given(
    st.lists(st.tuples(KINDS, st.integers(0, 2)), max_size=80),
    st.integers(1, 5),
    st.integers(0, 90),
    st.sets(st.sampled_from(["en", "es"])),
)
def test_it_gives_what_is_behind_an_event_in_bounds(
    steps: list[tuple[str, int]], segments: int, after: int, voices: set[str]
) -> None:
    kept, segment_id = History(segments), 0
    put: list[NumberedEvent] = []
    for number, (kind, step) in enumerate(steps, start=1):
        segment_id += step
        put.append(NumberedEvent(number, event_of(kind, segment_id)))
        kept.add(put[-1])
    found = list(kept.behind(after, voices))
    numbers = [each.number for each in found]
    assert numbers == sorted(set(numbers))
    assert all(each in put and each.number > after for each in found)
    spoken = [each.event for each in found if isinstance(each.event, events.Audio)]
    assert {each.target_language for each in spoken} <= voices
    everything = [each.event for each in kept.behind(0, {"en", "es"})]
    size = sum(len(each.pcm) for each in everything if isinstance(each, events.Audio))
    assert size <= history.MAX_VOICE_BYTES
    ids = {each.segment_id for each in everything}
    assert len(ids) <= segments
    newest = sorted({each.event.segment_id or 0 for each in put})[-segments:]
    translations = [each for each in put if isinstance(each.event, events.TranslationText)]
    wanted = [each for each in translations if each.event.segment_id in newest and each.number > after]
    assert [each for each in found if isinstance(each.event, events.TranslationText)] == wanted
    for each in everything:
        if isinstance(each, events.Transcription) and not each.is_final:
            same = [one for one in everything if isinstance(one, events.Transcription) and one != each]
            assert each.segment_id not in {one.segment_id for one in same if not one.is_final}
