"""A model of the package's own classes with random weights and two voices, made with PyTorch in seconds.

It makes a noise and no words. Its speech has a length, a level and an end as that of a trained model has.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.pocket_tts.description import SMALL, SYMBOLS, VOICES, write

LEVEL = 0.1
"""Root mean square of what it says."""


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pocket-tts-")


@cache
def small_model() -> Path:
    """The description of the small model, for all tests of this process."""
    folder = Path(_folder().name) / "small"
    return make(folder, SMALL)


def make(folder: Path, description: dict[str, Any], seed: int = 1) -> Path:
    """Write a model with random weights, and return the path of its description.

    Args:
        folder: to be created.
        description: of the model; its tokenizer has ``SYMBOLS``.
        seed: of the random weights.
    """
    import torch
    from pocket_tts import TTSModel, export_model_state
    from safetensors.torch import save_file

    (folder / "embeddings").mkdir(parents=True)
    _write_tokenizer(folder / "tokenizer.json")
    table = {**description["flow_lm"]["lookup_table"], "tokenizer_path": str(folder / "tokenizer.json")}
    blank = {
        **description,
        "weights_path": None,
        "weights_path_without_voice_cloning": None,
        "flow_lm": {**description["flow_lm"], "lookup_table": table},
    }
    torch.manual_seed(seed)
    model: Any = TTSModel.load_model(config=write(folder, blank, "blank"))
    for weights in model.parameters():
        if not weights.any():  # Among them those with which a voice enters.
            torch.nn.init.normal_(weights, std=0.2)
    _adjust_level(model)
    save_file(model.state_dict(), folder / "model.safetensors")
    for voice in VOICES:
        state = model.get_state_for_audio_prompt(torch.randn(1, 24_000) * 0.1)
        export_model_state(state, folder / "embeddings" / f"{voice}.safetensors")
    return write(folder, description)


def _write_tokenizer(path: Path) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    letters = {symbol: number for number, symbol in enumerate(SYMBOLS)}
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.save(str(path))


def _adjust_level(model: Any) -> None:
    """Random weights make next to no sound: scale the last layer."""
    import torch

    state = model.get_state_for_audio_prompt(torch.randn(1, 24_000) * 0.1)
    level = model.generate_audio(state, "one two three").square().mean().sqrt().item()
    last = [each for each in model.mimi.decoder.modules() if isinstance(each, torch.nn.Conv1d)][-1]
    with torch.no_grad():
        last.weight *= LEVEL / level
        if last.bias is not None:
            last.bias *= LEVEL / level
