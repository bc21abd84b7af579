"""One engine for all tests here. Where vLLM is not installed, as usual, none of them is collected."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from sokuji.config import VllmConfig
from sokuji.providers.translation.vllm.provider import Vllm
from tests.llm import gemma

collect_ignore_glob = [] if find_spec("vllm") else ["test_*.py"]

SETTINGS = {
    "max_model_len": 1_024,
    "max_batch_size": 8,
    "gpu_memory_utilization": 0.2,
    # To compile the model takes longer than these tests.
    "enforce_eager": True,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An engine takes minutes to start."""
    for item in items:
        item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def model() -> Path:
    """The folder of the model."""
    return gemma.folder()


@pytest.fixture(scope="session")
async def vllm(model: Path) -> AsyncIterator[Vllm]:
    """The provider, loaded."""
    provider = Vllm(VllmConfig(translation_model=str(model), **SETTINGS))
    await provider.load()
    yield provider
    await provider.aclose()
