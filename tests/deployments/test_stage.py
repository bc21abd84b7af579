"""The base of the stage replicas, without Ray: settings, swapping models during calls, health."""

import asyncio
import io
import json
import logging
from functools import partial
from typing import ClassVar

import pytest
from ray._common.formatters import JSONFormatter

from deployments import memory_bound
from deployments import stage as stage_module
from deployments.memory_bound import CONFIRMED_S, MemoryBound
from deployments.model_health import ModelHealth
from deployments.stage import StageReplica
from sokuji.config import BergamotConfig, FasterWhisperConfig, OpenAITranscriptionConfig, Settings
from sokuji.contract import StageRequest
from sokuji.errors import (
    ConfigError,
    DeadlineExceeded,
    NoSpeech,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
)
from sokuji.telemetry.call_ids import CallIds


class Scripted:
    """A provider that records the calls of its life cycle."""

    made: ClassVar[list["Scripted"]] = []

    def __init__(self, config: Settings) -> None:
        self.config = config
        self.life: list[str] = []
        self.broken = False
        self.answers = asyncio.Event()
        self.answers.set()
        Scripted.made.append(self)

    async def load(self) -> None:
        self.life.append("load")

    def update(self, config: Settings) -> None:
        self.config = config
        self.life.append("update")

    async def check(self) -> None:
        self.life.append("check")
        await self.answers.wait()
        if self.broken:
            raise RuntimeError("broken")

    async def aclose(self) -> None:
        self.life.append("close")


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def __call__(self) -> float:
        return self._now_s

    def pass_s(self, seconds: float) -> None:
        self._now_s += seconds


class ScriptedReplica(StageReplica[Scripted]):
    """A replica whose calls the test makes by hand."""

    def create(self, config: Settings) -> Scripted:
        return Scripted(config)


class Recognisers(ScriptedReplica):
    stage = "stt"


@pytest.fixture(autouse=True)
def no_providers_yet() -> None:
    Scripted.made = []


async def test_a_live_setting_changes_the_model_that_is_loaded() -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    await replica.reconfigure({"beam_size": 5})
    (provider,) = Scripted.made
    assert provider.life == ["load", "check", "update"]
    assert provider.config == FasterWhisperConfig(beam_size=5)
    await replica.reconfigure({"beam_size": 5})
    assert provider.life == ["load", "check", "update"]


async def test_a_model_change_swaps_without_taking_the_old_model_from_running_calls() -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    call = replica._call()
    old = await call.__aenter__()
    change = asyncio.create_task(replica.reconfigure({"model_size": "tiny"}))
    await asyncio.sleep(0.01)
    async with replica._call() as new:
        assert new.config == FasterWhisperConfig(model_size="tiny")
    assert old.life == ["load", "check"]
    assert not change.done()
    await call.__aexit__(None, None, None)
    await change
    assert old.life == ["load", "check", "close"]


async def test_settings_that_cannot_take_effect_are_refused_and_the_old_ones_stay() -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    with pytest.raises(ConfigError, match="accepted: .*beam_size"):
        await replica.reconfigure({"colour": "red"})
    with pytest.raises(ConfigError, match="serves provider 'faster_whisper'"):
        await replica.reconfigure({"provider": "parrot"})
    with pytest.raises(ConfigError, match="vad_threshold has no effect unless vad_filter is true"):
        await replica.reconfigure({"vad_threshold": 0.6})
    async with replica._call() as provider:
        assert provider.config == FasterWhisperConfig()


async def test_the_environment_may_name_the_provider_of_a_stage_that_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STT_PROVIDER", "openai")
    monkeypatch.setenv("TTS_PROVIDER", "piper")
    replica = Recognisers("faster_whisper")
    # What the graph writes into the user_config of a deployment that it makes.
    await replica.reconfigure({"provider": "faster_whisper", "temperature": 0.5})
    assert Scripted.made[0].config == OpenAITranscriptionConfig(temperature=0.5)
    with pytest.raises(ConfigError, match="serves provider 'openai', its user_config names 'azure'"):
        await replica.reconfigure({"provider": "azure"})
    with pytest.raises(ConfigError, match="STT_PROVIDER=openai, but the stt stage has several providers"):
        Recognisers("faster_whisper", other_providers=["azure"])
    monkeypatch.setenv("STT_PROVIDER", "parrot")
    with pytest.raises(ConfigError, match="no stt provider 'parrot'; accepted: faster_whisper"):
        await Recognisers("faster_whisper").reconfigure({})


async def test_a_variable_that_could_take_effect_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAM_SIZE", "5")
    monkeypatch.setenv("TTS_MODEL", "other")
    with pytest.raises(ConfigError, match="BEAM_SIZE has no effect on stt provider 'azure'"):
        await Recognisers("azure").reconfigure({})
    await Recognisers("azure", other_providers=["faster_whisper"]).reconfigure({"region": "eastus"})
    await Recognisers("faster_whisper").reconfigure({})
    assert Scripted.made[-1].config == FasterWhisperConfig(beam_size=5)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the health of replicas that are made from now on."""
    clock = Clock()
    monkeypatch.setattr(stage_module, "ModelHealth", partial(ModelHealth, clock))
    return clock


async def test_health_is_checked_with_a_real_inference_only_after_a_time_without_calls(clock: Clock) -> None:
    replica = Recognisers("faster_whisper")
    await replica.check_health()
    await replica.reconfigure({})
    (provider,) = Scripted.made
    await replica.check_health()
    assert provider.life == ["load", "check"]
    clock.pass_s(31)
    await replica.check_health()
    await replica.check_health()
    assert provider.life == ["load", "check", "check"]
    provider.broken = True
    clock.pass_s(31)
    with pytest.raises(RuntimeError, match="broken"):
        await replica.check_health()


async def test_a_replica_that_has_outgrown_its_memory_is_unhealthy_but_not_while_it_swaps_models(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 1
    bound = MemoryBound(2, lambda: size, clock)
    monkeypatch.setattr(memory_bound, "of_replica", lambda: bound)
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    size = 3
    await replica.check_health()
    clock.pass_s(CONFIRMED_S)
    async with replica._swap:
        await replica.check_health()
    with pytest.raises(ProviderFailed, match="its bound"):
        await replica.check_health()


async def test_a_check_that_takes_long_holds_up_no_health_check(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_module, "PROBE_WAIT_S", 0.01)
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    (provider,) = Scripted.made
    provider.answers.clear()
    clock.pass_s(31)
    for _ in range(3):
        await replica.check_health()
    assert provider.life == ["load", "check", "check"]
    clock.pass_s(21)
    with pytest.raises(ProviderFailed, match="no good answer for 21 s"):
        await replica.check_health()
    provider.answers.set()
    await asyncio.sleep(0)
    await replica.check_health()


async def test_the_outage_of_a_cloud_service_does_not_make_the_replica_unhealthy(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[SokujiError] = [ProviderUnavailable("down"), DeadlineExceeded("slow"), Overloaded("full")]
    fault: SokujiError | None = None

    async def check(self: Scripted) -> None:
        if fault:
            raise fault

    monkeypatch.setattr(Scripted, "check", check)
    cloud, local = Recognisers("openai"), Recognisers("faster_whisper")
    await cloud.reconfigure({})
    await local.reconfigure({})
    for fault in faults:
        clock.pass_s(31)
        await cloud.check_health()
        with pytest.raises(type(fault)):
            await local.check_health()
    clock.pass_s(31)
    fault = ProviderFailed("the key is refused")
    with pytest.raises(ProviderFailed):
        await cloud.check_health()
    async with cloud._call(), local._call():
        clock.pass_s(60)
        await cloud.check_health()
        with pytest.raises(ProviderFailed, match="no good answer"):
            await local.check_health()


async def test_calls_without_a_good_answer_make_the_replica_unhealthy(clock: Clock) -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    async with replica._call():
        replica._note_answers([ProviderFailed("broken"), ProviderFailed("broken")])
    clock.pass_s(21)
    with pytest.raises(ProviderFailed, match="no good answer"):
        await replica.check_health()
    replica._note_answers([ProviderFailed("broken"), NoSpeech("nobody speaks")])
    await replica.check_health()


async def test_calls_that_their_callers_give_up_soon_say_nothing_about_the_model(clock: Clock) -> None:
    for waited_s in (1, 6):
        replica = Recognisers("faster_whisper")
        await replica.reconfigure({})
        with pytest.raises(asyncio.CancelledError):
            async with replica._call():
                clock.pass_s(waited_s)
                raise asyncio.CancelledError
        clock.pass_s(21)
        if waited_s < 5:
            await replica.check_health()
        else:
            with pytest.raises(ProviderFailed, match="no good answer"):
                await replica.check_health()


async def test_a_refused_request_does_not_count_against_the_model(clock: Clock) -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    with pytest.raises(NoSpeech):
        async with replica._call():
            raise NoSpeech("nobody speaks")
    clock.pass_s(21)
    await replica.check_health()
    with pytest.raises(ProviderFailed, match="broken"):
        async with replica._call():
            raise ProviderFailed("broken")
    clock.pass_s(21)
    with pytest.raises(ProviderFailed, match="no good answer"):
        await replica.check_health()


async def test_callers_see_engine_errors_only(clock: Clock) -> None:
    replica = Recognisers("faster_whisper")
    with pytest.raises(ProviderUnavailable, match="loading"):
        async with replica._call():
            pass
    await replica.reconfigure({})
    with pytest.raises(NoSpeech):
        async with replica._call():
            raise NoSpeech("nobody speaks")
    with pytest.raises(ProviderFailed, match="ZeroDivisionError"):
        async with replica._call():
            _ = 1 / 0
    clock.pass_s(21)
    with pytest.raises(ProviderFailed, match="no good answer"):
        await replica.check_health()


async def test_each_stage_takes_the_settings_of_its_own_providers() -> None:
    class Translators(ScriptedReplica):
        stage = "translation"

    replica = Translators("bergamot")
    await replica.reconfigure({"num_workers": 3})
    assert Scripted.made[0].config == BergamotConfig(num_workers=3)


async def test_what_a_call_logs_has_the_ids_of_its_requests() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JSONFormatter())
    logging.getLogger("ray.serve").handlers = [handler]
    logging.getLogger("ray.serve").setLevel(logging.DEBUG)
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    ids = CallIds(request_id="r1", session_id="s1", segment_id=3)
    requests = [StageRequest(ids=ids), StageRequest()]
    async with replica._call(requests):
        pass
    with pytest.raises(ProviderFailed) as failed:
        async with replica._call(requests):
            raise RuntimeError("words")
    async with replica._call():
        pass
    loaded, answered, broken, of_nobody = map(json.loads, written.getvalue().splitlines())
    for record in (answered, broken):
        assert {name: record.get(name) for name in ("request_id", "session_id", "segment_id")} == dict(
            ids.items()
        )
    assert not {"request_id", "session_id"} & (loaded.keys() | of_nobody.keys())
    assert "RuntimeError" in broken["exc_text"]
    assert "builtins.RuntimeError: words" not in written.getvalue()
    assert failed.value.__suppress_context__, "Ray would send the message along"
