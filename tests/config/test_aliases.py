"""Names of the original project are taken for providers and variables."""

import logging
import re

import pytest

from graphs.speech_translation import GraphArgs
from sokuji.capacity import profiles
from sokuji.config import (
    ALIASES,
    PROVIDER_CONFIGS,
    FasterWhisperConfig,
    canonical_provider,
    parse_log_level,
    parse_provider,
    served_provider,
)
from sokuji.contract import StageName
from sokuji.errors import ConfigError

PAIRS: list[tuple[StageName, str, str]] = [
    (stage, alias, name) for stage in profiles.STAGE_DEPLOYMENTS for alias, name in ALIASES[stage].items()
]


def test_the_names_of_the_original_project_are_known() -> None:
    assert {alias: (stage, name) for stage, alias, name in PAIRS} == {
        "whisper_api": ("stt", "openai"),
        "azure_stt": ("stt", "azure"),
        "nllb_local": ("translation", "nllb"),
        "deepl_api": ("translation", "deepl"),
        "openai_gpt4": ("translation", "openai"),
    }


def test_the_documentation_lists_them() -> None:
    text = (profiles._REPOSITORY / "docs" / "tuning.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \| `(\w+)` \|$", text, re.M)
    assert {(stage, alias, name) for alias, stage, name in documented} == set(PAIRS)
    default = PROVIDER_CONFIGS["translation"]["openai"].model_fields["translation_model"].default
    assert f"which is `{default}` unless" in text


@pytest.mark.parametrize(("stage", "alias", "name"), PAIRS)
def test_an_alias_is_taken_wherever_a_provider_is_named(
    stage: StageName, alias: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sokuji")
    assert alias not in PROVIDER_CONFIGS[stage]
    region = {"region": "eastus"} if name == "azure" else {}
    assert parse_provider(stage, {"provider": alias, **region}, {}).model_dump()["provider"] == name
    assert f"{stage} provider {alias} is served by {name}" in caplog.text
    assert getattr(GraphArgs.model_validate({stage: [alias]}), stage) == [name]
    variable = {f"{stage.upper()}_PROVIDER": alias}
    embedded = next(iter(PROVIDER_CONFIGS[stage]))
    assert served_provider(stage, embedded, [], variable) == name
    application = {
        "args": {stage: [alias]},
        "deployments": [{"name": profiles.STAGE_DEPLOYMENTS[stage], "user_config": region}],
    }
    found = profiles.read_application(application, "mine", profiles._REPOSITORY / "mine.yaml")
    assert name in {getattr(each.config, "provider", None) for each in found.deployments}


def test_a_provider_and_its_alias_are_the_same_one() -> None:
    with pytest.raises(ValueError, match="a provider is named twice"):
        GraphArgs.model_validate({"translation": ["deepl", "deepl_api"]})


def test_the_log_says_that_openai_gpt4_is_another_model(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sokuji")
    assert canonical_provider("translation", "openai_gpt4") == "openai"
    default = PROVIDER_CONFIGS["translation"]["openai"].model_fields["translation_model"].default
    assert f"translation_model ({default} by default, which is not GPT-4)" in caplog.text
    assert "gpt-4" not in default


@pytest.mark.parametrize(
    ("stage", "provider", "variable", "value", "field"),
    [
        ("stt", "faster_whisper", "STT_MODEL_SIZE", "tiny", "model_size"),
        ("stt", "faster_whisper", "STT_DEVICE", "cpu", "device"),
        ("stt", "faster_whisper", "STT_COMPUTE_TYPE", "float32", "compute_type"),
        ("stt", "faster_whisper", "STT_VAD_FILTER", "true", "vad_filter"),
        ("translation", "nllb", "TRANSLATION_DEVICE", "cpu", "device"),
        ("translation", "nllb", "TRANSLATION_PRECISION", "float32", "precision"),
        ("tts", "piper", "TTS_DEVICE", "cuda", "device"),
        # The rule, not only those names.
        ("tts", "kokoro", "TTS_NUM_WORKERS", "3", "num_workers"),
    ],
)
def test_a_variable_may_carry_the_name_of_its_stage(
    stage: str, provider: str, variable: str, value: str, field: str
) -> None:
    def parsed(environment: dict[str, str]) -> object:
        config = parse_provider(
            stage, {"provider": provider}, environment, deployment_variables=environment.keys()
        )
        return getattr(config, field)

    plain = variable.partition("_")[2]
    assert str(parsed({variable: value})).lower() == value
    assert parsed({variable: value, plain: value}) == parsed({plain: value}) != parsed({})
    with pytest.raises(ConfigError, match=f"{plain}=other and {variable}={value} contradict each other"):
        parsed({variable: value, plain: "other"})


def test_a_prefixed_variable_concerns_its_stage_alone() -> None:
    shared = {"STT_DEVICE": "cuda", "TRANSLATION_DEVICE": "cpu"}
    assert parse_provider("stt", {"provider": "faster_whisper"}, shared) == FasterWhisperConfig(device="cuda")
    assert parse_provider("translation", {"provider": "nllb"}, shared).model_dump()["device"] == "cpu"
    assert parse_provider("tts", {"provider": "piper"}, shared).model_dump()["device"] == "cpu"


@pytest.mark.parametrize(
    ("text", "level"), [("", 20), ("DEBUG", 10), ("debug", 10), ("WARNING", 30), ("warn", 30), ("Error", 40)]
)
def test_the_log_level_has_pythons_names(text: str, level: int) -> None:
    assert parse_log_level({"LOG_LEVEL": text}) == level


def test_an_unknown_log_level_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="loud is not a log level; accepted: .*INFO, .*DEBUG") as caught:
        parse_log_level({"LOG_LEVEL": "loud"})
    assert caught.value.param == "LOG_LEVEL"
