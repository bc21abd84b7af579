"""Settings: nothing unknown passes, every refusal names the setting and what is accepted."""

import pytest

from sokuji.config import (
    PROVIDER_CONFIGS,
    FasterWhisperConfig,
    GatewaySettings,
    KokoroConfig,
    PiperConfig,
    changed_fields,
    parse,
    parse_provider,
)
from sokuji.errors import ConfigError
from sokuji.providers.registry import PROVIDERS


def test_every_provider_has_settings_of_its_own_name_and_an_entry_in_the_table() -> None:
    for stage, table in PROVIDERS.items():
        assert table.keys() == PROVIDER_CONFIGS[stage].keys()
        for name, kind in PROVIDER_CONFIGS[stage].items():
            assert kind.model_fields["provider"].default == name


def test_an_unknown_setting_is_refused_with_the_accepted_ones() -> None:
    with pytest.raises(ConfigError, match="beam_sise is not a setting; accepted: .*beam_size") as caught:
        parse_provider("stt", {"provider": "faster_whisper", "beam_sise": 1}, {})
    assert caught.value.param == "beam_sise"
    with pytest.raises(ConfigError, match="limits.colour is not a setting; accepted: .*max_audio_s"):
        parse(GatewaySettings, {"limits": {"colour": 1}}, "Gateway")


def test_a_value_out_of_range_is_refused_with_the_range() -> None:
    with pytest.raises(ConfigError, match="beam_size: .*greater than or equal to 1"):
        parse_provider("stt", {"provider": "faster_whisper", "beam_size": 0}, {})
    with pytest.raises(ConfigError, match="device: .*'auto', 'cpu' or 'cuda'"):
        parse_provider("stt", {"provider": "faster_whisper", "device": "tpu"}, {})


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no tts provider 'parrot'; accepted: piper, kokoro"):
        parse_provider("tts", {"provider": "parrot"}, {})


def test_the_guides_upper_case_variables_win() -> None:
    environment = {
        "BEAM_SIZE": "5",
        "MODEL_SIZE": "tiny",
        "VAD_FILTER": "true",
        "TTS_MODEL": "other",
        "LANGUAGE": "C",
    }
    values = {"provider": "faster_whisper", "beam_size": 2}
    config = parse_provider("stt", values, environment)
    assert isinstance(config, FasterWhisperConfig)
    assert (config.beam_size, config.model_size, config.vad_filter) == (5, "tiny", True)
    voice = parse_provider("tts", {"provider": "piper"}, environment)
    assert isinstance(voice, PiperConfig)
    assert voice.tts_model == "other"
    with pytest.raises(ConfigError, match="beam_size"):
        parse_provider("stt", values, {"BEAM_SIZE": "many"})


def test_a_change_of_live_settings_alone_is_live() -> None:
    old = FasterWhisperConfig()
    assert changed_fields(old, FasterWhisperConfig(beam_size=5)) == ({"beam_size"}, True)
    assert changed_fields(old, FasterWhisperConfig(beam_size=5, model_size="tiny")) == (
        {"beam_size", "model_size"},
        False,
    )
    assert changed_fields(old, old) == (set(), True)
    assert changed_fields(PiperConfig(), KokoroConfig())[1] is False
