"""Fetches models from a hub: Hugging Face, or the mirror in ``HF_ENDPOINT``.

Only the hub's ``resolve`` URLs are used, which every mirror serves. An interrupted download is resumed by the
next one. A file is accepted if its size, and its SHA-256 if the hub states one, are right.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import HfFileMetadata, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, OfflineModeIsEnabled, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import tqdm

from sokuji.models import store
from sokuji.models.store import FileDigest, ModelFolder, Progress, ProgressMeter, quiet, sha256
from sokuji.models.table import Kind

_MANIFEST = "manifest.json"
_SHA256 = re.compile("[0-9a-f]{64}")


class HubError(Exception):
    """A model cannot be fetched from the hub; the message says why."""


class NotInRepository(HubError):
    """The repository exists and lacks a file of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """Files of a repository on the hub, stored in one folder without the repository's subfolders."""

    kind: Kind
    name: str
    licence: str
    repository: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)
    """File -> its commit in the repository; of other files the newest version is fetched."""


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """A model that has been fetched."""

    kind: Kind
    name: str
    licence: str
    place: ModelFolder

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return self.place.size


def provide(model: HubModel, progress: Progress) -> Path:
    """The folder with the model's verified files, fetched if necessary.

    Raises:
        HubError: it cannot be fetched.
    """
    directory = _directory(model)
    fetched = _read(directory)
    if fetched is not None and fetched.place.is_verified():
        return directory
    with store.locked(directory.name):
        # Another process may have fetched it during the wait for the lock.
        fetched = _read(directory)
        if fetched is None or not fetched.place.verify(_meter(model, fetched.place.size, progress)):
            _fetch(model, directory, progress)
    return directory


def store_converted(model: HubModel, fill: Callable[[Path], None]) -> Path:
    """Store a model that is not downloaded: ``fill`` writes its files into an empty folder.

    Returns:
        The model's folder.
    """
    directory = _directory(model)
    with store.locked(directory.name):
        with store.replacing(directory) as fresh:
            fill(fresh)
            _write_manifest(model, fresh, {path.name: _digest(path) for path in sorted(fresh.iterdir())})
        _stamp(directory)
    return directory


def fetched() -> Iterator[FetchedModel]:
    """Every model that has been fetched."""
    if _folder().is_dir():
        for directory in sorted(_folder().iterdir()):
            if (model := _read(directory)) is not None:
                yield model


def _directory(model: HubModel) -> Path:
    return _folder() / f"{model.kind}--{model.name.replace('/', '--')}"


def _folder() -> Path:
    return store.root() / "fetched"


def _read(directory: Path) -> FetchedModel | None:
    """The model in a folder; None: there is none, or its manifest cannot be read."""
    try:
        manifest = json.loads((directory / _MANIFEST).read_text())
        files = {name: FileDigest(*digest) for name, digest in manifest["files"].items()}
        place = ModelFolder(directory.name, directory, files)
        return FetchedModel(manifest["kind"], manifest["name"], manifest["licence"], place)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def _meter(model: HubModel, total: int | None, progress: Progress) -> ProgressMeter:
    return ProgressMeter(f"{model.kind} {model.name}", total, progress)


def _fetch(model: HubModel, directory: Path, progress: Progress) -> None:
    partial = store.root() / "partial" / directory.name
    digests = _download(model, partial, progress)
    with store.replacing(directory) as fresh:
        for path in digests:
            (partial / path).rename(fresh / Path(path).name)
        _write_manifest(model, fresh, {Path(path).name: digest for path, digest in digests.items()})
    shutil.rmtree(partial)
    _stamp(directory)


def _write_manifest(model: HubModel, directory: Path, digests: Mapping[str, FileDigest]) -> None:
    """Write the digests of the folder's files into its manifest."""
    files = {name: [digest.size, digest.sha256] for name, digest in digests.items()}
    manifest = {"kind": model.kind, "name": model.name, "licence": model.licence, "files": files}
    (directory / _MANIFEST).write_text(json.dumps(manifest))


def _stamp(directory: Path) -> None:
    if (fetched := _read(directory)) is not None:
        fetched.place.stamp()


def _digest(path: Path) -> FileDigest:
    size = path.stat().st_size
    return FileDigest(size, sha256(path, ProgressMeter(path.name, size, quiet)))


def _download(model: HubModel, into: Path, progress: Progress) -> dict[str, FileDigest]:
    """Download the files into ``into``, in the repository's subfolders; returns path -> digest."""
    try:
        found = {path: _metadata(model, path) for path in (*model.required, *model.optional)}
        for path in model.required:
            if found[path] is None:
                raise NotInRepository(f"{model.repository} holds no {path}")
        wanted = {path: entry for path, entry in found.items() if entry is not None}
        meter = _meter(model, sum(entry.size or 0 for entry in wanted.values()) or None, progress)
        return {path: _download_file(model, path, entry, into, meter) for path, entry in wanted.items()}
    except HubError:
        raise
    except RepositoryNotFoundError as error:
        raise HubError(f"the hub has no {model.repository}, or requires a token for it (HF_TOKEN)") from error
    except OfflineModeIsEnabled as error:
        raise HubError("the hub is switched off (HF_HUB_OFFLINE)") from error
    except Exception as error:
        # The client raises many errors of its own and of its libraries; for the caller they mean the same.
        raise HubError(f"the hub cannot be reached ({type(error.__cause__ or error).__name__})") from error


def _metadata(model: HubModel, path: str) -> HfFileMetadata | None:
    """The hub's metadata of a file; None: the repository does not hold it."""
    url = hf_hub_url(model.repository, path, revision=model.revisions.get(path), endpoint=_endpoint())
    try:
        return get_hf_file_metadata(url, endpoint=_endpoint())
    except EntryNotFoundError:
        return None


def _download_file(
    model: HubModel, path: str, entry: HfFileMetadata, into: Path, meter: ProgressMeter
) -> FileDigest:
    # The commit is pinned, so that the file matches the size and hash in ``entry``.
    file = Path(
        hf_hub_download(
            model.repository,
            path,
            revision=entry.commit_hash,
            local_dir=into,
            endpoint=_endpoint(),
            tqdm_class=_silent_progress_bar(meter.add),
        )
    )
    digest = _digest(file)
    if entry.etag and _SHA256.fullmatch(entry.etag) and digest.sha256 != entry.etag:
        file.unlink()
        raise HubError(f"{path} arrived damaged: its SHA-256 is not the one that the hub states")
    return digest


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _silent_progress_bar(add: Callable[[int], None]) -> type[Any]:
    """A progress bar that draws nothing and reports to ``add``: the client reports progress only to a bar."""

    class Bar(tqdm):
        def __init__(self, *args: Any, initial: int = 0, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]
            add(initial)

        def update(self, n: float | None = 1) -> None:
            add(int(n or 0))

    return Bar
