"""A value that cannot take effect is refused; the conditions are those of docs/tuning.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sokuji.config import PROVIDER_CONFIGS, GatewaySettings, GrpcSettings, Settings, parse, parse_gateway
from sokuji.config.settings import Condition
from sokuji.errors import ConfigError

ROOT = Path(__file__).parents[2]
TRT = {"use_onnx": True, "onnx_providers": ["TensorrtExecutionProvider"]}
REGION = {"region": "westeurope", "base_url": "https://mine.example.com"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "stt.faster_whisper.beam_size": ({"beam_size": 5, "temperature": 0.2}, {"temperature": 0}),
    "stt.faster_whisper.vad_threshold": ({"vad_threshold": 0.5}, {"vad_filter": True}),
    "stt.faster_whisper.batch_wait_ms": ({"batch_wait_ms": 5, "batch_size": 1}, {"batch_size": 2}),
    "stt.faster_whisper.cpu_threads": ({"cpu_threads": 2, "device": "cuda"}, {"device": "auto"}),
    "stt.faster_whisper.cpu_decoder": (
        {"cpu_decoder": "ctranslate2", "compute_type": "float32"},
        {"compute_type": "int8"},
    ),
    "stt.azure.region": (REGION, {"base_url": "https://{region}.example.com"}),
    "translation.nllb.length_penalty": ({"length_penalty": 1.0, "num_beams": 1}, {"num_beams": 2}),
    "translation.nllb.device": ({"device": "cpu", "use_onnx": True}, {"use_onnx": False}),
    "translation.nllb.cpu_threads": ({"cpu_threads": 2, "device": "cuda"}, {"device": "cpu"}),
    "translation.nllb.onnx_providers": (
        {"onnx_providers": ["CPUExecutionProvider"]},
        {"use_onnx": True},
    ),
    "translation.nllb.trt_fp16_enable": ({"trt_fp16_enable": True, "use_onnx": True}, TRT),
    "translation.nllb.trt_engine_cache_path": ({"trt_engine_cache_path": "engines"}, TRT),
    "translation.openai.thinking_tokens": (
        {"thinking_tokens": 9, "reasoning_effort": "none"},
        {"reasoning_effort": "low"},
    ),
    "tts.piper.cpu_threads": ({"cpu_threads": 2, "device": "cuda"}, {"device": "cpu"}),
    "tts.pocket_tts.language": ({"language": "tr"}, {"tts_model": "/models/turkish.yaml"}),
    "tts.azure.region": (REGION, {"base_url": "https://{region}.example.com"}),
    "gateway.segmentation.min_silence_ms": (
        {"endpoint": "fixed", "min_silence_ms": 300},
        {"endpoint": "adaptive"},
    ),
    "gateway.segmentation.max_silence_ms": (
        {"endpoint": "fixed", "max_silence_ms": 600},
        {"endpoint": "adaptive"},
    ),
    "gateway.debug.sessions": ({"sessions": ["*"]}, {"directory": "/recordings"}),
    "gateway.debug.audio": (
        {"audio": True, "directory": "/recordings"},
        {"sessions": ["*"]},
    ),
    **{
        f"gateway.grpc.{field}": ({field: value}, {"address": "127.0.0.1:50051"})
        for field, value in (
            ("max_message_length", 2**20),
            ("keepalive_time", 20),
            ("keepalive_timeout", 20),
            ("keepalive_permit", False),
            ("http2_max_pings", 5),
        )
    },
    "gateway.grpc.address": ({"grpc": {"address": "0.0.0.0:50051"}}, {"access": {"keyless": True}}),
    "gateway.streaming.speculate": (
        {"streaming": {"speculate": True}, "segmentation": {"padding_ms": 500, "silence_ms": 500}},
        {"segmentation": {"padding_ms": 400, "silence_ms": 500}},
    ),
}
"""Setting -> values of which it has no effect, and the values that give it one."""


def classes() -> Iterator[tuple[str, type[Settings]]]:
    for stage, kinds in PROVIDER_CONFIGS.items():
        for provider, kind in kinds.items():
            yield f"{stage}.{provider}", kind
    yield "gateway", GatewaySettings
    for section, field in GatewaySettings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            yield f"gateway.{section}", field.annotation


CONDITIONS: dict[str, tuple[type[Settings], Condition]] = {
    f"{path}.{condition.field}": (kind, condition)
    for path, kind in classes()
    for condition in kind.all_conditions()
}


def assign(kind: type[Settings], field: str, value: object, others: dict[str, Any]) -> dict[str, Any]:
    """The settings ``others`` with the field, which may lie in a section, at ``value``."""
    section, _, name = field.rpartition(".")
    return (
        {**others, section: {**others.get(section, {}), name: value}} if section else {**others, name: value}
    )


def test_every_condition_has_a_case() -> None:
    assert CASES.keys() == CONDITIONS.keys()


@pytest.mark.parametrize("setting", CASES)
def test_a_value_without_effect_is_refused_by_name_with_the_condition(setting: str) -> None:
    kind, condition = CONDITIONS[setting]
    values, remedy = CASES[setting]
    refusal = re.escape(f"{condition.field} has no effect unless {condition.requires}: change that, or leave")
    with pytest.raises(ConfigError, match=refusal) as caught:
        parse(kind, values, "here")
    assert caught.value.param == condition.field
    parse(kind, values | remedy, "here")


@pytest.mark.parametrize("setting", CASES)
def test_a_value_that_is_not_set_or_asks_for_nothing_is_accepted(setting: str) -> None:
    kind, condition = CONDITIONS[setting]
    values, _ = CASES[setting]
    section, _, name = condition.field.rpartition(".")
    rest = {key: value for key, value in values.items() if key not in (section, name)}
    parse(kind, rest, "here")
    for value in condition.neutral:
        parse(kind, assign(kind, condition.field, value, rest), "here")


@pytest.mark.parametrize("setting", CASES)
def test_a_condition_names_fields_and_holds_for_the_defaults_of_its_class(setting: str) -> None:
    kind, condition = CONDITIONS[setting]
    section, _, name = condition.field.rpartition(".")
    owner = kind.model_fields[section].annotation if section else kind
    assert isinstance(owner, type)
    assert issubclass(owner, Settings)
    assert name in owner.model_fields
    assert not condition.violated(kind.model_validate({}))


def test_the_guides_combinations_are_accepted() -> None:
    whisper = PROVIDER_CONFIGS["stt"]["faster_whisper"]
    quality = {
        "beam_size": 5, "best_of": 5, "temperature": 0.0, "vad_filter": True, "vad_threshold": 0.5,
    }  # fmt: skip
    parse(whisper, quality, "maximum quality")
    parse(whisper, {"compute_type": "int8", "beam_size": 1, "vad_filter": True}, "low latency")
    parse(PROVIDER_CONFIGS["translation"]["nllb"], {"num_beams": 5, "length_penalty": 1.0}, "quality")


def test_the_guides_variables_of_grpc_are_accepted_where_there_is_none() -> None:
    guide = {
        "GRPC_MAX_MESSAGE_LENGTH": "10485760",
        "GRPC_KEEPALIVE_TIME": "10",
        "GRPC_KEEPALIVE_TIMEOUT": "5",
    }
    more = {"GRPC_KEEPALIVE_PERMIT": "true", "GRPC_HTTP2_MAX_PINGS": "2"}
    assert parse_gateway({}, guide | more).grpc == GrpcSettings()
    with pytest.raises(ConfigError, match="keepalive_time has no effect unless address is set"):
        parse_gateway({}, {"GRPC_KEEPALIVE_TIME": "20"})


def test_a_fault_of_a_section_has_the_sections_name() -> None:
    with pytest.raises(ConfigError, match="limits.max_audio_s: ") as caught:
        parse(GatewaySettings, {"limits": {"max_audio_s": 0}}, "Gateway")
    assert caught.value.param == "limits.max_audio_s"


def test_the_documentation_lists_the_conditions() -> None:
    text = (ROOT / "docs" / "tuning.md").read_text()
    documented = dict(
        re.findall(r"^\| `((?:stt|translation|tts|gateway)\.[\w.]+)` \| ([^|]+) \|$", text, re.M)
    )
    assert documented == {setting: condition.requires for setting, (_, condition) in CONDITIONS.items()}
