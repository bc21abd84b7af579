"""The tuning guide's variables: each one takes effect, or is refused with what to do instead."""

import logging

import pytest

from sokuji.config import (
    GatewaySettings,
    parse_gateway,
    parse_provider,
    served_provider,
)
from sokuji.config.variables import REFUSED_VARIABLES
from sokuji.errors import ConfigError


def gateway(**environment: str) -> GatewaySettings:
    return parse_gateway({}, environment)


def test_the_gateways_variables_win_over_its_settings() -> None:
    values = {"limits": {"ws_max_connections": 7, "max_audio_s": 30}, "recording_concurrency": 3}
    environment = {
        "WS_MAX_MESSAGE_SIZE": "2048",
        "WS_MAX_CONNECTIONS": "12",
        "CIRCUIT_BREAKER_THRESHOLD": "3",
        "MODEL_SIZE": "tiny",
        "STT_PROVIDER": "azure",
        "WS_PING_INTERVAL": "",
    }
    settings = parse_gateway(values, environment)
    assert settings.limits.ws_max_message_size == 2_048
    assert settings.limits.ws_max_connections == 12
    assert settings.limits.max_audio_s == 30
    assert settings.recording_concurrency == 3
    assert settings.resilience.circuit_breaker_threshold == 3
    assert parse_gateway(values, {}).limits.ws_max_connections == 7
    assert values["limits"] == {"ws_max_connections": 7, "max_audio_s": 30}


def test_a_bad_value_of_a_variable_is_refused_with_the_range() -> None:
    with pytest.raises(ConfigError, match="ws_max_connections: .*greater than or equal to 1"):
        gateway(WS_MAX_CONNECTIONS="0")
    with pytest.raises(ConfigError, match="circuit_breaker_threshold: .*valid integer"):
        gateway(CIRCUIT_BREAKER_THRESHOLD="often")
    with pytest.raises(ConfigError, match="limits"):
        parse_gateway({"limits": "many"}, {"WS_MAX_CONNECTIONS": "5"})


@pytest.mark.parametrize("name", REFUSED_VARIABLES)
def test_what_cannot_be_set_there_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} .*(Leave it out|args of the Serve config)") as caught:
        gateway(**{name: "10"})
    assert caught.value.param == name


def test_the_arguments_of_the_application_are_named() -> None:
    with pytest.raises(ConfigError, match="set load_balance_strategy in the args"):
        gateway(LOAD_BALANCE_STRATEGY="round_robin")
    with pytest.raises(ConfigError, match="set health_check_interval in the args"):
        gateway(HEALTH_CHECK_INTERVAL="5")


@pytest.mark.parametrize(
    ("stage", "provider", "variable", "accepted"),
    [
        ("translation", "bergamot", "NUM_BEAMS", "NUM_WORKERS"),
        ("stt", "azure", "BEAM_SIZE", "AZURE_SPEECH_REGION"),
        ("tts", "kokoro", "TTS_MODEL", "NUM_WORKERS"),
        ("translation", "deepl", "PRECISION", "none of these variables"),
    ],
)
def test_a_variable_that_only_a_provider_beside_would_take_is_refused(
    stage: str, provider: str, variable: str, accepted: str
) -> None:
    refusal = f"{variable} has no effect on {stage} provider {provider!r}; accepted: .*{accepted}"
    with pytest.raises(ConfigError, match=refusal) as caught:
        parse_provider(stage, {"provider": provider}, {variable: "1"})
    assert caught.value.param == variable
    assert parse_provider(stage, {"provider": provider}, {variable: ""}).model_dump()["provider"] == provider


def test_a_variable_may_be_meant_for_another_deployment(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sokuji")
    # Of another stage: the whole application may have one environment.
    environment = {"MODEL_SIZE": "tiny", "NUM_BEAMS": "1", "TTS_MODEL": "en_US-lessac-low", "DEVICE": "cpu"}
    assert (
        parse_provider("stt", {"provider": "faster_whisper"}, environment).model_dump()["model_size"]
        == "tiny"
    )
    assert (
        parse_provider("tts", {"provider": "piper"}, environment).model_dump()["tts_model"]
        == "en_US-lessac-low"
    )
    assert caplog.text == ""
    # Of a provider of this stage that is deployed as well, or of several stages.
    assert (
        parse_provider("tts", {"provider": "kokoro"}, environment, other_providers=["piper"]).model_dump()[
            "provider"
        ]
        == "kokoro"
    )
    assert "tts provider kokoro does not use DEVICE, TTS_MODEL" in caplog.text
    with pytest.raises(ConfigError, match="TTS_MODEL has no effect"):
        parse_provider("tts", {"provider": "kokoro"}, environment, other_providers=["elevenlabs"])


def test_the_provider_of_a_stage_may_be_named_by_a_variable() -> None:
    assert served_provider("stt", "faster_whisper", [], {"STT_PROVIDER": "azure"}) == "azure"
    assert served_provider("translation", "bergamot", [], {"TRANSLATION_PROVIDER": "deepl"}) == "deepl"
    assert served_provider("tts", "piper", ["kokoro"], {"TTS_PROVIDER": "piper"}) == "piper"
    assert served_provider("tts", "piper", [], {"TTS_PROVIDER": "", "STT_PROVIDER": "azure"}) == "piper"
    with pytest.raises(ConfigError, match=r"TTS_PROVIDER=elevenlabs, .* args instead.* tts: \[elevenlabs\]"):
        served_provider("tts", "piper", ["kokoro"], {"TTS_PROVIDER": "elevenlabs"})
