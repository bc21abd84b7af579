"""NLLB's files: CTranslate2 models or ONNX graphs from a hub, or converted from the original weights."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from sokuji.errors import ModelMissing
from sokuji.models import hub
from sokuji.models.hub import HubError, HubModel
from sokuji.models.store import Progress
from sokuji.models.table import NLLB_LICENCE, NLLB_ONNX_REPOSITORIES, NLLB_REPOSITORIES, Kind

FILES = ("config.json", "model.bin", "tokenizer.json")
VOCABULARIES = ("shared_vocabulary.json", "shared_vocabulary.txt")
CONVERTER = (sys.executable, "-c", "from ctranslate2.converters.transformers import main; main()")
CONVERTER_PACKAGES = ("torch", "transformers")

_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_ONNX_ENDINGS = {"float32": "", "float16": "_fp16", "int8": "_quantized"}

ACCEPTED = (
    f"{', '.join(NLLB_REPOSITORIES)}, an owner/name of the hub, or a local folder; "
    f"for nllb-onnx with @{', @'.join(_ONNX_ENDINGS)} behind it"
)


def hub_model(kind: Kind, name: str) -> HubModel | None:
    """The hub's model of a name; None: there is none."""
    repository, _, precision = name.partition("@")
    if not _REPOSITORY.fullmatch(repository) or (kind == "nllb" and precision):
        return None
    if kind == "nllb":
        return HubModel(
            kind=kind,
            name=name,
            licence=NLLB_LICENCE if name in NLLB_REPOSITORIES else "see the hub",
            repository=NLLB_REPOSITORIES.get(name, name),
            required=FILES,
            optional=VOCABULARIES,
        )
    if (ending := _ONNX_ENDINGS.get(precision or "float32")) is None:
        return None
    graphs = ("encoder_model", "decoder_model_merged")
    return HubModel(
        kind=kind,
        name=name,
        licence=NLLB_LICENCE if repository in NLLB_ONNX_REPOSITORIES else "see the hub",
        repository=NLLB_ONNX_REPOSITORIES.get(repository, repository),
        required=("tokenizer.json", *(f"onnx/{graph}{ending}.onnx" for graph in graphs)),
        optional=tuple(f"onnx/{graph}{ending}.onnx_data" for graph in graphs),
    )


def local_name(kind: Kind, name: str) -> str:
    """``name`` without the precision, which is in the file names of a local folder."""
    path, _, precision = name.rpartition("@")
    return path if kind == "nllb-onnx" and precision in _ONNX_ENDINGS else name


def provide(model: HubModel, progress: Progress, *, convert: bool) -> Path:
    """The folder with the model's files, fetched or converted from the original weights if necessary.

    Args:
        model: to be provided.
        progress: receives reports.
        convert: whether original weights may be converted, which takes minutes and several times the model's
            size in memory.

    Raises:
        HubError: it cannot be fetched.
        ModelMissing: it has to be converted first.
    """
    try:
        return hub.provide(model, progress)
    except hub.NotInRepository as error:
        if model.kind != "nllb":
            raise
        absent = [package for package in CONVERTER_PACKAGES if find_spec(package) is None]
        if not convert or absent:
            first = f"pip install 'sokuji-bridge[nllb-convert]' ({', '.join(absent)}) and " if absent else ""
            raise ModelMissing(
                f"nllb model {model.name!r}: {error}; if these are original weights, {first}"
                f"'sokuji models fetch nllb {model.name}' converts them, once",
                param="translation_model",
            ) from error
    return hub.store_converted(model, lambda folder: _convert(model.repository, folder))


def _convert(repository: str, folder: Path) -> None:
    options = ("--model", repository, "--output_dir", str(folder), "--copy_files", "tokenizer.json")
    done = subprocess.run(
        [*CONVERTER, *options, "--low_cpu_mem_usage", "--force"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        errors = done.stderr.strip().splitlines() or ["no error message"]
        raise HubError(f"CTranslate2's converter failed on {repository}: {errors[-1]}")
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        raise HubError(f"CTranslate2's converter did not create {', '.join(absent)} of {repository}")
