"""Trains the tiny model and writes it for both runtimes: ``python -m tests.support.nllb.build FOLDER``.

``model()`` does so once: the folder is kept in the user's cache, under a name made from all that it depends
on.
"""

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import platformdirs
from filelock import FileLock
from tokenizers import Tokenizer

from tests.support.nllb import phrases, to_ctranslate2, to_onnx, tokenizer, transformer

STEPS = 130


def build(folder: Path) -> None:
    """Train, and write ``ctranslate2/`` and ``onnx/``, each with its ``tokenizer.json``."""
    tokens = tokenizer.train()
    source, target = [], []
    for language, text, other, translation in phrases.examples():
        source.append(_ids(tokens, language, text))
        target.append([tokenizer.EOS, *_ids(tokens, other, translation)])
    shape = transformer.Shape(tokens.get_vocab_size())
    rows = _filled(source)
    seen = (rows != tokenizer.PAD).astype(np.float32)
    weights = transformer.train(shape, rows, seen, _filled(target), pad=tokenizer.PAD, steps=STEPS)
    to_ctranslate2.export(shape, weights, tokens, folder / "ctranslate2")
    to_onnx.export(shape, weights, folder / "onnx")
    for part in ("ctranslate2", "onnx"):
        tokens.save(str(folder / part / "tokenizer.json"))


def _ids(tokens: Tokenizer, language: str, text: str) -> list[int]:
    return [
        *tokens.encode(language, add_special_tokens=False).ids,
        *tokens.encode(text, add_special_tokens=False).ids,
        tokenizer.EOS,
    ]


def _filled(rows: list[list[int]]) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    longest = max(map(len, rows))
    return np.array([row + [tokenizer.PAD] * (longest - len(row)) for row in rows])


def model() -> Path:
    """The folder with the trained model."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    for package in ("autograd", "ctranslate2", "numpy", "onnx", "tokenizers"):
        digest.update(version(package).encode())
    folder = platformdirs.user_cache_path("sokuji-bridge-tests") / f"nllb-{digest.hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            # Matrices as small as these are slower on several threads.
            one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
            command = [sys.executable, "-m", "tests.support.nllb.build", str(folder)]
            subprocess.run(command, check=True, env=one_thread)
            (folder / "done").touch()
    return folder


if __name__ == "__main__":
    build(Path(sys.argv[1]))
