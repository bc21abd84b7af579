"""The description of a small model, in the package's format, and a folder as an operator has it.

It has all parts of the published models, with fewer and narrower layers, and a tokenizer of single letters.
"""

import copy
import string
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SYMBOLS = ["<unk>", *sorted(string.ascii_letters + string.digits + " .,!?;:'-")]
VOICES = ("ana", "ben")
_HUB = "hf://somebody/some-model/languages/english"

_SEANET = {
    "dimension": 32,
    "channels": 1,
    "n_filters": 4,
    "n_residual_layers": 1,
    "ratios": [6, 5, 4],
    "kernel_size": 7,
    "residual_kernel_size": 3,
    "last_kernel_size": 3,
    "dilation_base": 2,
    "pad_mode": "constant",
    "compress": 2,
}
_TRANSFORMER = {
    "d_model": 32,
    "num_heads": 2,
    "num_layers": 2,
    "layer_scale": 0.01,
    "context": 250,
    "dim_feedforward": 64,
    "input_dimension": 32,
    "output_dimensions": [32],
}
SMALL: dict[str, Any] = {
    "weights_path": f"{_HUB}/model.safetensors@{'a' * 40}",
    "weights_path_without_voice_cloning": f"{_HUB}/model.safetensors@{'b' * 40}",
    # So high that the model never ends by itself, so that speech is as long as its text demands.
    "default_eos_threshold": 1e9,
    "flow_lm": {
        "insert_bos_before_voice": True,
        "dtype": "float32",
        "flow": {"depth": 2, "dim": 32},
        "transformer": {
            "d_model": 32,
            "hidden_scale": 2,
            "max_period": 10_000,
            "num_heads": 2,
            "num_layers": 2,
        },
        "lookup_table": {
            "dim": 32,
            "n_bins": len(SYMBOLS),
            "tokenizer": "tokenizers",
            "tokenizer_path": f"{_HUB}/tokenizer.json@{'c' * 40}",
        },
    },
    "mimi": {
        "dtype": "float32",
        "sample_rate": 24_000,
        "inner_dim": 8,
        "outer_dim": 32,
        "channels": 1,
        "frame_rate": 12.5,
        "seanet": _SEANET,
        "transformer": _TRANSFORMER,
        "quantizer": {"dimension": 8, "output_dimension": 32},
    },
}


def described(**changes: Any) -> dict[str, Any]:
    """The small model's description with other values at its top."""
    return {**copy.deepcopy(SMALL), **changes}


def write(folder: Path, description: dict[str, Any], name: str = "english") -> Path:
    """Write a description into a folder and return its path."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(description))
    return path


def write_empty_model(folder: Path, name: str = "english", voices: tuple[str, ...] = VOICES) -> Path:
    """A model whose description is right and whose other files are empty; returns the description's path."""
    (folder / "embeddings").mkdir(parents=True)
    for file in (
        "model.safetensors",
        "tokenizer.json",
        *(f"embeddings/{each}.safetensors" for each in voices),
    ):
        (folder / file).touch()
    return write(folder, SMALL, name)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pocket-tts-")


@cache
def empty_model() -> Path:
    """The description of such a model, for all tests of this process."""
    return write_empty_model(Path(_folder().name) / "empty")
