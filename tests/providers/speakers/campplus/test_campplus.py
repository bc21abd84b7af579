"""The real networks on real voices: one person is one speaker, two are two, in every language."""

from itertools import combinations

import pytest

from sokuji.config import CampPlusConfig
from sokuji.contract import DiarizationRequest, SpeakerTurns
from sokuji.errors import ConfigError, InvalidRequest
from sokuji.pipeline.diarization import similarity
from sokuji.providers.registry import create
from sokuji.providers.speakers.campplus.provider import CampPlus
from tests.support.loaded_models import Loaded
from tests.support.speech import noise, samples, silence

pytestmark = pytest.mark.models

PEOPLE = ("en", "es", "fr", "hi", "it", "ja", "zh")
"""Languages whose recordings are of one person each, who speaks in no other of them."""
PAIRS = [("en", "es"), ("fr", "it"), ("hi", "zh"), ("ja", "en"), ("es", "fr")]


@pytest.fixture
async def campplus(loaded: Loaded) -> CampPlus:
    provider: CampPlus = await loaded("speakers", "campplus")
    return provider


async def turns_in(campplus: CampPlus, pcm: bytes) -> SpeakerTurns:
    (answer,) = await campplus.diarize([DiarizationRequest(pcm=pcm)])
    assert isinstance(answer, SpeakerTurns)
    return answer


async def test_voices_are_alike_if_and_only_if_they_are_of_one_person(campplus: CampPlus) -> None:
    voices: dict[str, list[bytes]] = {}
    for person in PEOPLE:
        recordings = [pcm for _, pcm, _ in samples(person)]
        found = [await turns_in(campplus, pcm) for pcm in recordings]
        assert [len(each.turns) for each in found] == [1, 1, 1]
        voices[person] = [each.turns[0].voice for each in found]
    threshold = CampPlusConfig().same_speaker
    for person in PEOPLE:
        assert all(similarity(one, other) > threshold for one, other in combinations(voices[person], 2))
    for one, other in combinations(PEOPLE, 2):
        assert all(similarity(mine, yours) < threshold for mine in voices[one] for yours in voices[other])


@pytest.mark.parametrize("gap_ms", [0, 250])
@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_a_change_of_the_speaker_is_found_also_without_a_pause(
    campplus: CampPlus, first: str, second: str, gap_ms: int
) -> None:
    before, behind = samples(first)[0][1], samples(second)[2][1]
    found = await turns_in(campplus, before + silence(gap_ms) + behind)
    change_ms = len(before) // 32 + gap_ms / 2
    assert len(found.turns) == 2
    one, other = found.turns
    assert similarity(one.voice, other.voice) < found.same_speaker
    assert abs((one.end_ms + other.start_ms) / 2 - change_ms) < 600


async def test_three_people_one_after_the_other_are_three_turns(campplus: CampPlus) -> None:
    people = [samples(person)[2][1] for person in ("en", "fr", "zh")]
    found = await turns_in(campplus, silence(300).join(people))
    assert len(found.turns) == 3
    assert all(one.end_ms <= other.start_ms for one, other in combinations(found.turns, 2))


async def test_speech_is_diarized_whatever_its_length(campplus: CampPlus) -> None:
    speech = b"".join(pcm for _, pcm, _ in samples("en"))
    for seconds in (0.1, 0.3, 1, 25):
        pcm = (speech * 5)[: int(seconds * 16_000) * 2]
        found = await turns_in(campplus, pcm)
        assert found.turns[-1].end_ms <= seconds * 1_000 + 1
        voices = [turn.voice for turn in found.turns if turn.end_ms - turn.start_ms > 1_000]
        assert all(similarity(one, other) > found.same_speaker for one, other in combinations(voices, 2))


async def test_noise_has_turns_too_and_no_numbers_that_are_none(campplus: CampPlus) -> None:
    for pcm in (noise(3_000, level=0.1), silence(3_000)):
        for turn in (await turns_in(campplus, pcm)).turns:
            assert similarity(turn.voice, turn.voice) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("pcm", [b"", b"odd", bytes(2 * 1_599)])
async def test_less_than_a_tenth_of_a_second_is_refused(campplus: CampPlus, pcm: bytes) -> None:
    (answer,) = await campplus.diarize([DiarizationRequest(pcm=pcm)])
    assert isinstance(answer, InvalidRequest)
    assert answer.param == "pcm"


async def test_live_settings_change_in_place_and_others_need_a_new_model() -> None:
    provider = create("speakers", CampPlusConfig())
    provider.update(CampPlusConfig(num_workers=2, same_speaker=0.6))
    assert (await provider.describe()).workers is not None
    assert provider.config == CampPlusConfig(num_workers=2, same_speaker=0.6)
    with pytest.raises(ConfigError):
        provider.update(CampPlusConfig(cpu_threads=2))
    await provider.aclose()
