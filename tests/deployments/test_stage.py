"""The base of the stage replicas, without Ray: settings, swapping models during calls, health."""

import asyncio
from typing import ClassVar

import pytest

from deployments import stage as stage_module
from deployments.stage import StageReplica
from sokuji.config import BergamotConfig, FasterWhisperConfig, OpenAITranscriptionConfig, Settings
from sokuji.errors import (
    ConfigError,
    DeadlineExceeded,
    NoSpeech,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
)


class Scripted:
    """A provider that records the calls of its life cycle."""

    made: ClassVar[list["Scripted"]] = []

    def __init__(self, config: Settings) -> None:
        self.config = config
        self.life: list[str] = []
        self.broken = False
        Scripted.made.append(self)

    async def load(self) -> None:
        self.life.append("load")

    def update(self, config: Settings) -> None:
        self.config = config
        self.life.append("update")

    async def check(self) -> None:
        self.life.append("check")
        if self.broken:
            raise RuntimeError("broken")

    async def aclose(self) -> None:
        self.life.append("close")


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
    assert provider.life == ["load", "update"]
    assert provider.config == FasterWhisperConfig(beam_size=5)
    await replica.reconfigure({"beam_size": 5})
    assert provider.life == ["load", "update"]


async def test_a_model_change_swaps_without_taking_the_old_model_from_running_calls() -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    call = replica._call()
    old = await call.__aenter__()
    change = asyncio.create_task(replica.reconfigure({"model_size": "tiny"}))
    await asyncio.sleep(0.01)
    async with replica._call() as new:
        assert new.config == FasterWhisperConfig(model_size="tiny")
    assert old.life == ["load"]
    assert not change.done()
    await call.__aexit__(None, None, None)
    await change
    assert old.life == ["load", "close"]


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


async def test_health_is_checked_with_a_real_inference_only_after_a_time_without_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replica = Recognisers("faster_whisper")
    await replica.check_health()
    await replica.reconfigure({})
    (provider,) = Scripted.made
    await replica.check_health()
    assert provider.life == ["load"]
    monkeypatch.setattr(stage_module, "RECENT_S", 0)
    await replica.check_health()
    assert provider.life == ["load", "check"]
    provider.broken = True
    with pytest.raises(RuntimeError, match="broken"):
        await replica.check_health()


async def test_the_outage_of_a_cloud_service_does_not_make_the_replica_unhealthy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stage_module, "RECENT_S", -1)
    faults: list[SokujiError] = [ProviderUnavailable("down"), DeadlineExceeded("slow"), Overloaded("full")]
    fault = faults[0]

    async def check(self: Scripted) -> None:
        raise fault

    monkeypatch.setattr(Scripted, "check", check)
    cloud, local = Recognisers("openai"), Recognisers("faster_whisper")
    await cloud.reconfigure({})
    await local.reconfigure({})
    for fault in faults:
        await cloud.check_health()
        with pytest.raises(type(fault)):
            await local.check_health()
    fault = ProviderFailed("the key is refused")
    with pytest.raises(ProviderFailed):
        await cloud.check_health()
    monkeypatch.setattr(stage_module, "STALL_TIMEOUT_S", -1)
    async with cloud._call(), local._call():
        await cloud.check_health()
        with pytest.raises(ProviderFailed, match="no good answer"):
            await local.check_health()


async def test_calls_without_a_good_answer_make_the_replica_unhealthy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    with pytest.raises(asyncio.CancelledError):
        async with replica._call():
            await replica.check_health()
            raise asyncio.CancelledError
    async with replica._call():
        replica._note_answers([ProviderFailed("broken"), ProviderFailed("broken")])
    monkeypatch.setattr(stage_module, "STALL_TIMEOUT_S", -1)
    with pytest.raises(ProviderFailed, match="no good answer"):
        await replica.check_health()
    replica._note_answers([ProviderFailed("broken"), NoSpeech("nobody speaks")])
    await replica.check_health()


async def test_a_refused_request_does_not_count_against_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replica = Recognisers("faster_whisper")
    await replica.reconfigure({})
    with pytest.raises(NoSpeech):
        async with replica._call():
            raise NoSpeech("nobody speaks")
    monkeypatch.setattr(stage_module, "STALL_TIMEOUT_S", -1)
    await replica.check_health()
    with pytest.raises(ProviderFailed, match="broken"):
        async with replica._call():
            raise ProviderFailed("broken")
    with pytest.raises(ProviderFailed, match="no good answer"):
        await replica.check_health()


async def test_callers_see_engine_errors_only_and_health_is_checked_again_after_a_time_without_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
    monkeypatch.setattr(stage_module, "RECENT_S", 0)
    await replica.check_health()
    assert Scripted.made[0].life == ["load", "check"]


async def test_each_stage_takes_the_settings_of_its_own_providers() -> None:
    class Translators(ScriptedReplica):
        stage = "translation"

    replica = Translators("bergamot")
    await replica.reconfigure({"num_workers": 3})
    assert Scripted.made[0].config == BergamotConfig(num_workers=3)
