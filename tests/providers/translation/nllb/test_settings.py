"""NLLB's settings take effect at load, or are refused with what is accepted."""

import shutil
import threading
from pathlib import Path
from typing import Any

import ctranslate2
import onnxruntime
import pytest

from sokuji.config import NllbConfig, parse_provider
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import ConfigError, ModelMissing
from sokuji.providers.translation.nllb import onnx_runtime
from sokuji.providers.translation.nllb.provider import Nllb
from tests.support.knobs import Knobs
from tests.support.nllb import build

pytestmark = pytest.mark.models

NIGHT = TranslationRequest(text="Good night.", source="en", target="es")
OTHER_TOKENIZER = '{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}'
TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.fixture(params=["ctranslate2", "onnx"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A model's folder that may be changed, and the settings to use it with."""
    folder = tmp_path / request.param
    shutil.copytree(build.model() / request.param, folder)
    return folder, {"use_onnx": request.param == "onnx", "translation_model": str(folder)}


def settings(**values: Any) -> NllbConfig:
    config = parse_provider("translation", {"provider": "nllb", **values}, {})
    assert isinstance(config, NllbConfig)
    return config


async def loaded(**values: Any) -> Nllb:
    provider = Nllb(settings(**values))
    await provider.load()
    return provider


async def refused(**values: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        await loaded(**values)
    return caught.value


def tiny(runtime: str) -> str:
    return str(build.model() / runtime)


def test_the_guides_names_set_all_that_it_names() -> None:
    guide = {
        "TRANSLATION_MODEL": "facebook/nllb-200-3.3B",
        "PRECISION": "float32",
        "NUM_BEAMS": "5",
        "MAX_LENGTH": "50",
        "LENGTH_PENALTY": "1.5",
        "MAX_BATCH_SIZE": "1",
        "USE_ONNX": "true",
        "ONNX_PROVIDERS": "CUDAExecutionProvider,CPUExecutionProvider",
        "NUM_WORKERS": "4",
    }
    config = parse_provider("translation", {"provider": "nllb"}, guide)
    assert config == NllbConfig(
        translation_model="facebook/nllb-200-3.3B",
        precision="float32",
        num_beams=5,
        max_length=50,
        length_penalty=1.5,
        max_batch_size=1,
        use_onnx=True,
        onnx_providers=(CUDA, CPU),
        num_workers=4,
    )
    assert (
        parse_provider("translation", {"provider": "nllb"}, {"DEVICE": "cpu"}).model_dump()["device"] == "cpu"
    )


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"onnx_providers": CPU}, "onnx_providers has no effect unless use_onnx is true"),
        ({"trt_fp16_enable": True}, "trt_fp16_enable has no effect unless use_onnx is true"),
        ({"use_onnx": True, "device": "cpu"}, "device has no effect unless use_onnx is false"),
        (
            {"use_onnx": True, "trt_engine_cache_path": "engines"},
            "trt_engine_cache_path has no effect unless .* contains Tensorrt",
        ),
        ({"num_beams": 0}, "num_beams: .* greater than or equal to 1"),
    ],
)
def test_settings_without_effect_are_refused(values: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        settings(**values)


async def test_an_unsupported_precision_is_refused_and_the_supported_ones_are_named() -> None:
    error = await refused(translation_model=tiny("ctranslate2"), precision="int4")
    assert error.param == "precision"
    assert error.message.endswith(", ".join(sorted(ctranslate2.get_supported_compute_types("cpu"))))
    error = await refused(translation_model=tiny("onnx"), use_onnx=True, precision="int16")
    assert error.message.endswith("accepted: float32, float16, int8")
    error = await refused(translation_model=tiny("onnx"), use_onnx=True, precision="float16")
    assert error.message.endswith("no graphs in precision 'float16'; accepted: float32, int8")


@pytest.mark.knob("translation.nllb.precision")
async def test_each_precision_computes_with_its_own_type(knob: Knobs) -> None:
    scores = set()
    for runtime, precisions in {"ctranslate2": ("float32", "int8"), "onnx": ("float32", "int8")}.items():
        for precision in precisions:
            provider = await loaded(
                translation_model=tiny(runtime), use_onnx=runtime == "onnx", precision=precision
            )
            (answer,) = await provider.translate([NIGHT])
            await provider.aclose()
            assert isinstance(answer, TranslatedText)
            assert answer.text == "Buenas noches."
            assert answer.score is not None
            scores.add(round(answer.score, 5))
            knob.observe("translation.nllb.precision", provider.config, round(answer.score, 5))
    # Eight bits are rounded in another way by each runtime; 32 bits are the same number.
    assert len(scores) == 3


@pytest.mark.knob("translation.nllb.device")
async def test_the_device_of_the_settings_reaches_ctranslate2(
    monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    given: list[str] = []

    def noting(*args: Any, device: str, **options: Any) -> Any:
        given.append(device)
        return translator(*args, device="cpu", **options)

    translator = ctranslate2.Translator
    supported = ctranslate2.get_supported_compute_types("cpu")
    monkeypatch.setattr(ctranslate2, "Translator", noting)
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: supported)
    for device, told in (("cpu", "cpu"), ("cuda", "cuda"), ("auto", "cuda")):
        provider = await loaded(translation_model=tiny("ctranslate2"), device=device)
        await provider.aclose()
        assert given[-1] == told
        knob.observe("translation.nllb.device", provider.config, given[-1])


async def test_an_unavailable_device_is_refused() -> None:
    error = await refused(translation_model=tiny("ctranslate2"), device="cuda")
    assert error.param == "device"
    assert error.message.endswith("accepted: cpu, auto")


async def test_as_many_batches_at_a_time_as_there_are_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []
    translator = ctranslate2.Translator

    def noting(*args: Any, **options: Any) -> Any:
        given.append(options)
        return translator(*args, **options)

    monkeypatch.setattr(ctranslate2, "Translator", noting)
    provider = await loaded(translation_model=tiny("ctranslate2"), num_workers=3, cpu_threads=2)
    assert sum(thread.name.startswith("nllb-") for thread in threading.enumerate()) >= 3
    assert (given[0]["inter_threads"], given[0]["intra_threads"]) == (3, 2)
    await provider.aclose()
    # By itself it takes half of the cores, which may be one.
    await (await loaded(translation_model=tiny("ctranslate2"))).aclose()
    assert given[1]["inter_threads"] * given[1]["intra_threads"] <= 16


async def test_a_graph_runs_with_the_configured_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = []
    session = onnxruntime.InferenceSession

    def noting(*args: Any, **options: Any) -> Any:
        sessions.append(session(*args, **options))
        return sessions[-1]

    monkeypatch.setattr(onnxruntime, "InferenceSession", noting)
    provider = await loaded(
        translation_model=tiny("onnx"), use_onnx=True, precision="float32", cpu_threads=2, onnx_providers=CPU
    )
    await provider.aclose()
    assert [each.get_session_options().intra_op_num_threads for each in sessions] == [2, 2]
    assert [each.get_providers() for each in sessions] == [[CPU], [CPU]]


@pytest.mark.parametrize("names", ["CUDAExecutionProvider, CPUExecutionProvider", [CUDA]])
async def test_execution_providers_that_are_not_installed_are_refused(names: str | list[str]) -> None:
    error = await refused(translation_model=tiny("onnx"), use_onnx=True, onnx_providers=names)
    assert error.param == "onnx_providers"
    assert error.message.startswith("onnx_providers: CUDAExecutionProvider is not")
    assert error.message.endswith(", ".join(onnxruntime.get_available_providers()))


@pytest.mark.knob("translation.nllb.onnx_providers")
def test_execution_providers_are_passed_in_order_with_their_options(
    monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, CUDA, CPU])
    config = settings(
        use_onnx=True,
        onnx_providers=[TENSORRT, CPU, CUDA],
        trt_fp16_enable=True,
        trt_engine_cache_path="/engines",
    )
    (first, options), *others = onnx_runtime.execution_providers(config)
    assert [first, *(name for name, _ in others)] == [TENSORRT, CPU, CUDA]
    assert options == {
        "trt_fp16_enable": True,
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": "/engines",
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": "/engines",
    }
    assert [options for _, options in others] == [{}, {}]
    assert onnx_runtime.execution_providers(settings(use_onnx=True)) == [(CPU, {})]
    plain = settings(use_onnx=True, onnx_providers=TENSORRT)
    assert onnx_runtime.execution_providers(plain) == [(TENSORRT, {"trt_fp16_enable": False})]
    for each in (config, plain, settings(use_onnx=True)):
        names = tuple(name for name, _ in onnx_runtime.execution_providers(each))
        knob.observe("translation.nllb.onnx_providers", each, names)


async def test_graphs_work_as_one_decoder_or_as_two(tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    for file in (build.model() / "onnx").glob("*model.onnx"):
        shutil.copy(file, tmp_path / "onnx")
    shutil.copy(build.model() / "onnx" / "tokenizer.json", tmp_path)
    provider = await loaded(translation_model=str(tmp_path), use_onnx=True, precision="float32", num_beams=3)
    (answer,) = await provider.translate([NIGHT])
    await provider.aclose()
    assert isinstance(answer, TranslatedText)
    assert answer.text == "Buenas noches."


@pytest.mark.parametrize("content", ["", "{}", OTHER_TOKENIZER])
async def test_a_damaged_or_foreign_tokenizer_is_refused(
    copy: tuple[Path, dict[str, Any]], content: str
) -> None:
    folder, values = copy
    (folder / "tokenizer.json").write_text(content)
    error = await refused(**values)
    assert isinstance(error, ModelMissing)
    assert error.message.startswith("tokenizer.json")


async def test_a_model_that_is_damaged_is_refused(copy: tuple[Path, dict[str, Any]]) -> None:
    folder, values = copy
    for file in (*folder.glob("*.bin"), *folder.glob("*.onnx")):
        file.write_bytes(b"damaged")
    error = await refused(**values)
    assert isinstance(error, ModelMissing)
    assert "cannot be loaded" in error.message
    assert str(folder) not in error.message


async def test_graphs_of_another_model_are_refused(tmp_path: Path) -> None:
    for name in ("tokenizer.json", "decoder_model.onnx", "decoder_with_past_model.onnx"):
        shutil.copy(build.model() / "onnx" / name, tmp_path)
    shutil.copy(tmp_path / "decoder_model.onnx", tmp_path / "encoder_model.onnx")
    error = await refused(translation_model=str(tmp_path), use_onnx=True, precision="float32")
    assert error.param == "translation_model"
    assert "it is no NLLB model" in error.message


async def test_a_missing_file_is_named_in_the_error(copy: tuple[Path, dict[str, Any]]) -> None:
    folder, values = copy
    for file in (*folder.glob("*.bin"), *folder.glob("decoder*.onnx")):
        file.unlink()
    error = await refused(**values)
    assert isinstance(error, ModelMissing)
    assert "model" in error.message
    assert "not there" in error.message
