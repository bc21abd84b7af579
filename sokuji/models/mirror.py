"""A mirror: a folder of models that many machines share, on a network disk or in an object store.

``sokuji models fetch --to`` fills it where a hub is within reach; machines with ``SOKUJI_MODELS_MIRROR`` take
from it what they lack, and ask the hub for the rest. It holds a folder for each model, like the cache, with
the manifest written last, so that a model is there completely or not at all. What arrives is checked against
the SHA-256 of the manifest: every machine gets the files that were put there. ``fsspec`` opens it, by a path
or by an address such as ``s3://bucket/folder``.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from sokuji.errors import ConfigError
from sokuji.models import manifest
from sokuji.models.manifest import FetchedModel
from sokuji.models.store import ProgressMeter

VARIABLE = "SOKUJI_MODELS_MIRROR"


@dataclass(frozen=True, slots=True)
class Mirror:
    """A folder that ``fsspec`` opens."""

    files: AbstractFileSystem
    folder: str

    def put(self, model: FetchedModel, meter: ProgressMeter) -> None:
        """Store a model from its folder on this machine, which has been verified.

        Raises:
            OSError: the mirror cannot be written.
        """
        target = f"{self.folder}/{model.place.directory.name}"
        self.files.makedirs(target, exist_ok=True)
        # Without its manifest the old model is not there, and neither is half of a new one.
        if self.files.exists(f"{target}/{manifest.NAME}"):
            self.files.rm_file(f"{target}/{manifest.NAME}")
        for name, digest in model.place.files.items():
            self.files.put_file(str(model.place.directory / name), f"{target}/{name}")
            meter.add(digest.size)
        self.files.put_file(str(model.place.directory / manifest.NAME), f"{target}/{manifest.NAME}")

    def get(self, key: str, into: Path, meter: ProgressMeter) -> FetchedModel | None:
        """Copy the model in the mirror's folder ``key`` into an empty folder; None: it is not there.

        Raises:
            OSError: the mirror cannot be read, or what it holds is damaged.
        """
        source = f"{self.folder}/{key}"
        if not self.files.exists(f"{source}/{manifest.NAME}"):
            return None
        self.files.get_file(f"{source}/{manifest.NAME}", str(into / manifest.NAME))
        model = manifest.read(into)
        if model is None:
            raise OSError("its manifest cannot be read")
        meter.total = model.size
        for name in model.place.files:
            if Path(name).name != name:
                raise OSError(f"its manifest names {name!r}, which is no file of its folder")
            self.files.get_file(f"{source}/{name}", str(into / name))
        if not model.place.is_intact(meter):
            raise OSError("a file is not the one of its manifest")
        return model


def configured() -> Mirror | None:
    """The mirror of ``SOKUJI_MODELS_MIRROR``; None: there is none.

    Raises:
        ConfigError: the address cannot be opened here.
    """
    address = os.environ.get(VARIABLE)
    return opened(address, VARIABLE) if address else None


def opened(address: str, param: str) -> Mirror:
    """The mirror at a path or an address.

    Args:
        address: ``/mnt/models``, ``s3://bucket/folder``, or another that fsspec knows.
        param: the setting that holds it, for the message.

    Raises:
        ConfigError: no installed package opens such an address.
    """
    try:
        files, folder = url_to_fs(address)
    except ImportError as error:
        remedy = "pip install 'sokuji-bridge[s3]'" if address.startswith("s3:") else str(error)
        raise ConfigError(f"{address} needs a package that is not installed: {remedy}", param=param) from None
    except ValueError as error:
        raise ConfigError(
            f"{address!r} is no place for models: {error}; accepted: a path, s3://bucket/folder", param=param
        ) from None
    return Mirror(files, folder.rstrip("/"))
