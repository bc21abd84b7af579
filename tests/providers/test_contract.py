"""What every provider of every stage must do, on its real model."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from sokuji.config import PROVIDER_CONFIGS, VllmConfig
from sokuji.config.cloud import CloudSettings
from sokuji.contract import (
    AudioChunk,
    DiarizationRequest,
    RecognitionRequest,
    StageName,
    Synthesiser,
    SynthesisRequest,
    TranslationRequest,
)
from sokuji.errors import ProviderUnavailable, SokujiError
from sokuji.languages import LANGUAGES
from sokuji.providers.registry import PROVIDERS
from tests.support.cloud.services import SERVICES
from tests.support.loaded_models import SCRIPTED, Loaded, new_provider
from tests.support.speech import sample

SENTENCES = {
    "en": ("The train is late.", "Where is the station?"),
    "pt": ("O trem está atrasado.", "Onde fica a estação?"),
}
LONG = "1, 2, 3, 4, 5, 6, 7, 8. " * 2


@dataclass(frozen=True)
class Exam:
    """How a provider of one stage is asked."""

    good: Callable[[Any], list[Any]]
    """From what ``describe`` says: two requests that it can fulfil, with different answers."""
    bad: Any
    """A request that must be refused."""
    ask: Callable[[Any, Sequence[Any]], Coroutine[Any, Any, list[Any]]]
    languages: Callable[[Any], set[str]]
    """All languages that ``describe`` names, of which there must be some; a diarizer needs none."""
    alike: Callable[[Any, Any], bool] = lambda one, other: bool(one == other)
    """Whether two answers could be to the same request."""


async def _recognise(provider: Any, requests: Sequence[Any]) -> list[Any]:
    answers: list[Any] = await provider.transcribe(requests)
    return answers


async def _translate(provider: Any, requests: Sequence[Any]) -> list[Any]:
    answers: list[Any] = await provider.translate(requests)
    return answers


async def _diarize(provider: Any, requests: Sequence[Any]) -> list[Any]:
    answers: list[Any] = await provider.diarize(requests)
    return answers


async def _speak(provider: Synthesiser, requests: Sequence[Any]) -> list[Any]:
    """The answer to a text is how many seconds it sounds."""
    return list(await asyncio.gather(*(_speak_one(provider, request) for request in requests)))


async def _speak_one(provider: Synthesiser, request: SynthesisRequest) -> float | SokujiError:
    chunks: list[AudioChunk] = []
    try:
        async for chunk in provider.synthesize(request):
            chunks.append(chunk)
    except SokujiError as error:
        return error
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert len({chunk.sample_rate for chunk in chunks}) == 1
    assert all(len(chunk.pcm) % 2 == 0 for chunk in chunks)
    return sum(len(chunk.pcm) for chunk in chunks) / 2 / chunks[0].sample_rate


def _utterances(info: Any) -> list[RecognitionRequest]:
    names = ("hello_world", "quick_brown_fox")
    # A service that is played here tells utterances apart by their first sample.
    return [
        RecognitionRequest(pcm=number.to_bytes(2, "little") + sample("en", name), language="en")
        for number, name in enumerate(names, start=1)
    ]


def _texts(info: Any) -> list[TranslationRequest]:
    source, target = next(pair for pair in info.pairs if pair[0] in SENTENCES)
    return [TranslationRequest(text=text, source=source, target=target) for text in SENTENCES[source]]


def _speeches(info: Any) -> list[SynthesisRequest]:
    return [_speech(info, "1."), _speech(info, "1, 2, 3, 4, 5, 6.")]


def _speech(info: Any, text: str) -> SynthesisRequest:
    voice = info.voices[0]
    return SynthesisRequest(text=text, language=voice.languages[0], voice=voice.id)


def _alike_long(one: Any, other: Any) -> bool:
    # No two renderings of a text are quite the same.
    return bool(0.7 < one / other < 1.4)


EXAMS: dict[StageName, Exam] = {
    "stt": Exam(
        good=_utterances,
        bad=RecognitionRequest(pcm=b"odd"),
        ask=_recognise,
        languages=lambda info: {*info.languages, *info.translates_to},
    ),
    "translation": Exam(
        good=_texts,
        bad=TranslationRequest(text="Hello.", source="en", target="en"),
        ask=_translate,
        languages=lambda info: {language for pair in info.pairs for language in pair},
    ),
    "tts": Exam(
        good=_speeches,
        bad=SynthesisRequest(text="Hello.", language="en", voice="nobody"),
        ask=_speak,
        languages=lambda info: {language for voice in info.voices for language in voice.languages},
        alike=_alike_long,
    ),
    "speakers": Exam(
        good=lambda info: [DiarizationRequest(pcm=request.pcm) for request in _utterances(info)],
        bad=DiarizationRequest(pcm=b"odd"),
        ask=_diarize,
        languages=lambda info: {"en"},
    ),
}


def _marks(stage: StageName, name: str) -> tuple[pytest.MarkDecorator, ...]:
    return () if (stage, name) in SERVICES or (stage, name) in SCRIPTED else (pytest.mark.models,)


_ALL = [(stage, name) for stage, table in PROVIDERS.items() for name in table]
every_provider = pytest.mark.parametrize(
    ("stage", "name"), [pytest.param(stage, name, marks=_marks(stage, name)) for stage, name in _ALL]
)
every_local_provider = pytest.mark.parametrize(
    ("stage", "name"),
    [
        pytest.param(stage, name, marks=_marks(stage, name))
        for stage, name in _ALL
        if (stage, name) not in SERVICES
    ],
)
every_voice = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_marks(stage, name)) for stage, name in _ALL if stage == "tts"]
)


def test_every_provider_has_settings_of_its_name() -> None:
    assert {stage: list(table) for stage, table in PROVIDER_CONFIGS.items()} == {
        stage: list(table) for stage, table in PROVIDERS.items()
    }


@every_provider
async def test_describe_names_the_provider_and_known_languages(
    stage: StageName, name: str, loaded: Loaded
) -> None:
    info = await (await loaded(stage, name)).describe()
    assert info.provider == name
    assert info.model
    named = EXAMS[stage].languages(info)
    assert named
    assert named <= LANGUAGES.keys()


@every_provider
async def test_a_batch_is_answered_in_order_and_a_bad_request_fails_alone(
    stage: StageName, name: str, loaded: Loaded
) -> None:
    provider, exam = await loaded(stage, name), EXAMS[stage]
    first, second = exam.good(await provider.describe())
    (alone,) = await exam.ask(provider, [first])
    answers = await exam.ask(provider, [second, exam.bad, first])
    assert isinstance(answers[1], SokujiError)
    assert exam.alike(answers[2], alone)
    assert not isinstance(answers[0], SokujiError)
    assert not exam.alike(answers[0], alone)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_marks(stage, name)) for stage, name in _ALL if stage == "stt"]
)
async def test_a_language_outside_the_candidates_is_never_detected(name: str, loaded: Loaded) -> None:
    provider = await loaded("stt", name)
    english = _utterances(None)[1]
    for candidates in ({"pt": 1.0, "es": 1.0}, {"fr": 1.0}):
        request = RecognitionRequest(pcm=english.pcm, language_prior=candidates)
        (transcript,) = await provider.transcribe([request])
        assert transcript.language in candidates


@every_provider
async def test_a_provider_that_computes_here_reports_how_busy_its_workers_are(
    stage: StageName, name: str, loaded: Loaded
) -> None:
    provider, exam = await loaded(stage, name), EXAMS[stage]
    info = await provider.describe()
    if isinstance(provider.config, CloudSettings | VllmConfig):
        assert info.workers is None
        return
    await exam.ask(provider, exam.good(info)[:1])
    workers = (await provider.describe()).workers
    assert workers is not None
    assert workers.workers >= 1
    assert 0 < workers.busy <= workers.workers


@every_provider
async def test_an_empty_batch_has_no_results(stage: StageName, name: str, loaded: Loaded) -> None:
    assert await EXAMS[stage].ask(await loaded(stage, name), []) == []


@every_provider
async def test_concurrent_calls_do_not_block_the_event_loop(
    stage: StageName, name: str, loaded: Loaded
) -> None:
    provider, exam = await loaded(stage, name), EXAMS[stage]
    calls = [
        asyncio.create_task(exam.ask(provider, [request])) for request in exam.good(await provider.describe())
    ]
    ticks = 0
    while not all(call.done() for call in calls):
        ticks += 1
        await asyncio.sleep(0)
    (first,), (second,) = (call.result() for call in calls)
    assert not isinstance(first, SokujiError)
    assert not isinstance(second, SokujiError)
    assert not exam.alike(first, second)
    assert ticks > 3


@every_provider
async def test_a_cancelled_request_leaves_the_provider_usable(
    stage: StageName, name: str, loaded: Loaded
) -> None:
    provider, exam = await loaded(stage, name), EXAMS[stage]
    requests = exam.good(await provider.describe())
    impatient = asyncio.create_task(exam.ask(provider, requests))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    (answer,) = await exam.ask(provider, requests[:1])
    assert not isinstance(answer, SokujiError)


@every_local_provider
async def test_check_passes_while_loaded_and_close_ends_the_threads(stage: StageName, name: str) -> None:
    before = set(threading.enumerate())
    provider = new_provider(stage, name)
    await provider.load()
    await provider.check()
    # Those of asyncio's own pool stay.
    threads = {
        thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio_")
    }
    assert threads
    await provider.aclose()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


@every_provider
async def test_check_fails_before_load(stage: StageName, name: str) -> None:
    provider = new_provider(stage, name)
    with pytest.raises(ProviderUnavailable, match="not loaded"):
        await provider.check()
    await provider.aclose()


@every_voice
async def test_a_voice_can_speak_again_after_a_request_is_closed_early(name: str, loaded: Loaded) -> None:
    provider = await loaded("tts", name)
    info = await provider.describe()
    async with aclosing(provider.synthesize(_speech(info, LONG))) as chunks:
        first = await anext(chunks)
    assert first.pcm
    assert not first.last
    assert await _speak_one(provider, _speech(info, "1."))
