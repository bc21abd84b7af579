"""Stages of several providers: which one answers, and what happens when the preferred one fails."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sokuji.config import Deadlines, ResilienceSettings
from sokuji.contract import Transcript, TranslatorInfo, Voice
from sokuji.errors import (
    InvalidRequest,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    ReplicaLost,
    UnsupportedLanguage,
)
from sokuji.pipeline import members
from sokuji.pipeline.caller import Caller, never
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.knobs import Knobs

PT = Transcript(text="olá", language="pt")
BROKEN = ProviderFailed("broken")


def recogniser(name: str, *answers: str | Transcript | ProviderFailed) -> FakeStt:
    fake = FakeStt(*answers)
    fake.info = replace(fake.info, provider=name)
    return fake


def translator(name: str, *answers: str | ProviderFailed | ReplicaLost) -> FakeTranslator:
    fake = FakeTranslator(*answers)
    fake.info = replace(fake.info, provider=name)
    return fake


def voice(name: str, *answers: int | ProviderFailed | ProviderUnavailable) -> FakeTts:
    fake = FakeTts(*answers)
    own = Voice(id=f"{name}'s", name=name, language="en-US", languages=("en",))
    fake.info = replace(fake.info, provider=name, voices=(own,))
    return fake


async def pipeline(
    stt: Sequence[FakeStt] = (), translation: Sequence[FakeTranslator] = (), tts: Sequence[FakeTts] = ()
) -> Pipeline:
    stages = StageProviders(stt or [FakeStt()], translation or [FakeTranslator()], tts or [FakeTts()])
    made = Pipeline(stages, Deadlines(), ResilienceSettings(circuit_breaker_threshold=2))
    await made.refresh()
    return made


def health(ready: Pipeline) -> str:
    """The state of the translation stage."""
    return ready.health["translation"]


async def test_each_stage_falls_back_and_names_the_provider_that_answered() -> None:
    ready = await pipeline(
        [recogniser("a", BROKEN), recogniser("b", "olá")],
        [translator("c", BROKEN), translator("d")],
        [voice("e", BROKEN), voice("f")],
    )
    transcript = await ready.recognise(b"", "pt")
    assert (transcript.text, transcript.provider) == ("olá", "b")
    translation = await ready.translate_speech(transcript, b"", "en")
    assert (translation.text, translation.provider) == ("en: olá", "d")
    chunks = [chunk async for chunk in ready.speak("hello", "en", voice_id="e's")]
    # The first one had begun: its chunk was delivered.
    assert [chunk.provider for chunk in chunks] == ["e", "f", "f"]
    assert [chunk.last for chunk in chunks] == [False, False, True]


async def test_only_the_preferred_provider_is_called_while_it_answers() -> None:
    second = translator("b")
    ready = await pipeline(translation=[translator("a"), second])
    assert (await ready.translate_text("olá", "pt", "en")).provider == "a"
    assert second.requests == []


@pytest.mark.knob("gateway.resilience.circuit_breaker_threshold")
async def test_after_failures_in_a_row_the_fallback_is_called_first_and_the_threshold_is_live(
    knob: Knobs,
) -> None:
    first = translator("a", *[BROKEN] * 9)
    ready = await pipeline(translation=[first, translator("b")])
    for _ in range(3):
        assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    assert len(first.requests) == 2
    knob.observe("gateway.resilience.circuit_breaker_threshold", ready.resilience, 2)
    assert [status.circuit for status in ready.translation.statuses] == ["open", "closed"]
    ready.resilience = ResilienceSettings(circuit_breaker_threshold=9)
    first.answers.clear()
    ready.translation.monitors[0].breaker._open_until = 0
    assert (await ready.translate_text("olá", "pt", "en")).provider == "a"
    first.answers.extend([BROKEN] * 9)
    for _ in range(12):
        assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    failed = len(first.requests) - 3
    assert failed == 9
    knob.observe("gateway.resilience.circuit_breaker_threshold", ready.resilience, failed)


async def test_a_provider_that_was_gone_is_called_again_once_it_describes_itself() -> None:
    first = translator("a", *[ReplicaLost("gone")] * 2)
    ready = await pipeline(translation=[first, translator("b")])
    assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    # It is known to be gone: it is not tried before it is back.
    assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    assert len(first.requests) == 1
    first.down = ProviderUnavailable("starting")
    await ready.refresh()
    assert ready.translation.monitors[0].is_missing
    assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    first.down = None
    first.answers.clear()
    await ready.refresh()
    assert (await ready.translate_text("olá", "pt", "en")).provider == "a"
    assert not ready.translation.monitors[0].is_missing


async def test_rest_calls_that_wait_too_long_do_not_open_a_circuit_for_live_speech() -> None:
    first = translator("a")
    ready = await pipeline(translation=[first, translator("b")])
    ready.resilience = ResilienceSettings(circuit_breaker_threshold=2, fallback_after_s=0.05)
    first.gate.clear()
    for_rest = ready.on_behalf_of(Caller("rest", never))
    for _ in range(3):
        assert (await for_rest.translate_text("olá", "pt", "en")).provider == "b"
    assert [status.circuit for status in ready.translation.statuses] == ["closed", "closed"]
    first.gate.set()
    assert (await ready.translate_text("olá", "pt", "en")).provider == "a"


async def test_glossary_and_context_go_to_translators_that_take_them_and_terms_hold_with_the_others() -> None:
    first, second = translator("a", BROKEN), translator("b")
    first.info = replace(first.info, takes_glossary=True, takes_context=True)
    ready = await pipeline(translation=[first, second])
    answer = await ready.translate_text("bom dia", "pt", "en", ("Olá.",), {"dia": "Day"})
    assert (answer.text, answer.provider) == ("en: bom Day", "b")
    assert (first.requests[0].context, first.requests[0].glossary) == (("Olá.",), {"dia": "Day"})
    assert {(request.context, len(request.glossary)) for request in second.requests} == {((), 0)}


async def test_a_fallback_need_not_cover_all_pairs_of_the_preferred_translator() -> None:
    first, second = translator("a", BROKEN, BROKEN), translator("b")
    second.info = replace(second.info, pairs=(("pt", "en"),))
    ready = await pipeline(translation=[first, second])
    assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    with pytest.raises(ProviderFailed):
        await ready.translate_text("hello", "en", "pt")


async def test_a_pivot_translation_names_both_providers_and_multiplies_their_scores() -> None:
    ready = await pipeline([recogniser("a")], [translator("b")])
    es = Transcript(text="hola", language="es")
    answer = await ready.translate_speech(es, b"", "pt")
    assert (answer.provider, answer.score) == ("a+b", None)
    direct = await ready.translate_speech(es, b"", "en")
    assert (direct.provider, direct.score) == ("a", 0.9)


async def test_the_sample_rate_stays_when_the_fallback_voice_takes_over() -> None:
    first, second = voice("a", ProviderFailed("broken")), voice("b")
    ready = await pipeline(tts=[first, second])
    chunks = [chunk async for chunk in ready.speak("hello", "en", voice_id="default", sample_rate=8_000)]
    assert {chunk.sample_rate for chunk in chunks} == {8_000}
    assert sum(len(chunk.pcm) for chunk in chunks) / 16_000 == pytest.approx(0.3, abs=0.01)


async def test_a_starting_stage_waits_for_all_providers_for_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = translator("a"), translator("b")
    first.down = ProviderUnavailable("loading")
    ready = await pipeline(translation=[first, second])
    with pytest.raises(Overloaded, match="translation"):
        _ = ready.catalogue
    assert health(ready) == "initializing"
    monkeypatch.setattr(members, "STARTUP_PATIENCE_S", -1)
    # Only what has been asked again can begin: until then there is no catalogue.
    assert health(ready) == "initializing"
    await ready.refresh()
    assert health(ready) == "ready"
    assert (await ready.translate_text("olá", "pt", "en")).provider == "b"
    first.down = None
    await ready.refresh()
    assert (await ready.translate_text("olá", "pt", "en")).provider == "a"


async def test_a_stage_is_ready_while_one_of_its_providers_is() -> None:
    first, second = translator("a"), translator("b")
    ready = await pipeline(translation=[first, second])
    first.down = ProviderUnavailable("gone")
    for _ in range(members.MAX_MISSES):
        await ready.refresh()
    assert [status.state for status in ready.translation.statuses] == ["error", "ready"]
    assert health(ready) == "ready"
    second.down = first.down
    for _ in range(members.MAX_MISSES):
        await ready.refresh()
    assert health(ready) == "error"


async def test_a_stage_whose_only_provider_breaks_during_its_start_is_in_error() -> None:
    first, second = translator("a"), translator("b")
    second.down = ProviderUnavailable("loading")
    ready = await pipeline(translation=[first, second])
    first.down = ProviderUnavailable("gone")
    for _ in range(members.MAX_MISSES):
        await ready.refresh()
    assert health(ready) == "error"


async def test_if_the_preferred_recogniser_cannot_detect_the_language_the_fallback_does() -> None:
    undetected = UnsupportedLanguage("the language could not be detected")
    first = FakeStt(undetected)
    ready = await pipeline([first, recogniser("b", "olá")])
    assert (await ready.recognise(b"", None)).provider == "b"


async def test_speech_is_translated_only_by_a_recogniser_of_its_language() -> None:
    first, other = recogniser("a"), recogniser("b")
    other.info = replace(other.info, languages=("de", "pt"), translates_to=())
    text = translator("c")
    text.info = replace(text.info, pairs=(("en", "pt"),))
    ready = await pipeline([first, other], [text])
    assert ("de", "en") not in ready.catalogue.speech_pairs
    assert ("pt", "en") in ready.catalogue.speech_pairs
    with pytest.raises(UnsupportedLanguage, match="'de' cannot be translated to 'en'"):
        await ready.translate_speech(Transcript(text="hallo", language="de"), b"", "en")


async def test_a_language_that_is_no_longer_recognised_is_refused_by_name() -> None:
    only = recogniser("a")
    ready = await pipeline([only])
    assert (await ready.recognise(b"", "pt")).language == "pt"
    only.info = replace(only.info, languages=("en",))
    await ready.refresh()
    with pytest.raises(UnsupportedLanguage, match="'pt' cannot be recognised here"):
        await ready.recognise(b"", "pt")


async def test_a_stage_of_one_provider_waits_for_it() -> None:
    lost = FakeTranslator(ProviderUnavailable("gone"), ProviderUnavailable("gone"), "here")
    ready = await ready_pipeline(translator=lost)
    assert (await ready.translate_text("olá", "pt", "en")).text == "here"


async def test_a_voice_that_does_not_speak_at_the_speed_is_left_out() -> None:
    slow, fast = voice("a"), voice("b")
    slow.info = replace(slow.info, speeds=(0.7, 1.2))
    ready = await pipeline(tts=[slow, fast])
    for speed, name in ((1.0, "a"), (1.5, "b")):
        chunks = [chunk async for chunk in ready.speak("hello", "en", voice_id="default", speed=speed)]
        assert {chunk.provider for chunk in chunks} == {name}
    with pytest.raises(InvalidRequest, match="accepted: 0.7 to 1.2"):
        await anext(ready.speak("hello", "en", voice_id="default", speed=9))
    with pytest.raises(InvalidRequest, match="accepted: 0.7 to 1.2"):
        await anext(ready.speak("hello", "en", voice_id="a's", speed=1.5))


async def test_an_interim_recognition_has_no_fallback() -> None:
    first, second = recogniser("a", BROKEN, BROKEN), recogniser("b")
    ready = await pipeline([first, second])
    for _ in range(2):
        with pytest.raises(ProviderFailed):
            await ready.recognise(b"", "pt", interim=True)
    assert second.requests == []
    # Its circuit is open now.
    assert (await ready.recognise(b"", "pt", interim=True)).provider == "b"


async def test_a_provider_that_scales_to_zero_is_left_alone_while_nobody_needs_it() -> None:
    asked = [0, 0]

    class Counted(FakeTranslator):
        def __init__(self, number: int, *, scales_to_zero: bool) -> None:
            super().__init__()
            self.info = replace(self.info, provider=str(number), scales_to_zero=scales_to_zero)
            self.number = number
            self.gone = False

        async def describe(self) -> TranslatorInfo:
            asked[self.number] += 1
            if self.gone:
                raise ReplicaLost("gone")
            return await super().describe()

    resting = Counted(1, scales_to_zero=True)
    ready = await pipeline(translation=[Counted(0, scales_to_zero=False), resting])
    assert asked == [1, 1]
    await ready.refresh(in_use=False)
    assert asked == [2, 1]
    assert health(ready) == "ready"
    await ready.refresh(in_use=True)
    assert asked == [3, 2]
    # One that does not answer is not at rest: it is asked until it does.
    resting.gone = True
    await ready.refresh(in_use=True)
    resting.gone = False
    await ready.refresh(in_use=False)
    await ready.refresh(in_use=False)
    assert asked == [6, 4]
