"""Fetches models from a hub: Hugging Face, or the one in ``HF_ENDPOINT``, unless a mirror of ours has them.

Only the hub's ``resolve`` URLs are used, which every mirror serves. An interrupted download is resumed by the
next one. A file is accepted if its size, and its SHA-256 if the hub states one, are right.
"""

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

from sokuji.models import manifest, mirror, store
from sokuji.models.manifest import FetchedModel
from sokuji.models.store import FileDigest, ModelFolder, Progress, ProgressMeter, quiet, sha256
from sokuji.models.table import Kind

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


def provide(model: HubModel, progress: Progress) -> Path:
    """The folder with the model's verified files, fetched if necessary.

    Raises:
        HubError: it cannot be fetched.
        ConfigError: the mirror's address is wrong.
    """
    directory = _directory(model)
    # Without the lock, so that a folder that cannot be written may hold the models.
    if not _is_here(model, directory, progress):
        with store.locked(directory.name):
            # Another process may have fetched it during the wait for the lock.
            if not _is_here(model, directory, progress) and not _from_mirror(model, directory, progress):
                _fetch(model, directory, progress)
    return directory


def _is_here(model: HubModel, directory: Path, progress: Progress) -> bool:
    found = manifest.read(directory)
    if found is None or not found.has(_revisions(model)):
        return False
    return found.place.is_verified() or found.place.verify(_meter(model, found.place.size, progress))


def _from_mirror(model: HubModel, directory: Path, progress: Progress) -> bool:
    """Take the model from the configured mirror; False: it is not there, at least not in this version."""
    source = mirror.configured()
    if source is None:
        return False
    try:
        with store.replacing(directory) as fresh:
            found = source.get(directory.name, fresh, _meter(model, None, progress))
            if found is None or not found.has(_revisions(model)):
                # Nothing replaces the old folder if the block is left by an error.
                raise _NotInMirror
    except _NotInMirror:
        return False
    except Exception as error:  # Each kind of storage has errors of its own.
        fault = str(error) or type(error).__name__
        raise HubError(f"the mirror ({mirror.VARIABLE}) cannot give it: {fault}") from error
    _stamp(directory)
    return True


class _NotInMirror(Exception):
    pass


def _revisions(model: HubModel) -> dict[str, str]:
    """The commits that the model is bound to, by the names of files in its folder."""
    return {Path(path).name: commit for path, commit in model.revisions.items()}


def store_converted(model: HubModel, fill: Callable[[Path], None]) -> Path:
    """Store a model that is not downloaded: ``fill`` writes its files into an empty folder.

    Returns:
        The model's folder.
    """
    directory = _directory(model)
    with store.locked(directory.name):
        with store.replacing(directory) as fresh:
            fill(fresh)
            _describe(model, fresh, {path.name: _digest(path) for path in sorted(fresh.iterdir())}, {})
        _stamp(directory)
    return directory


def fetched() -> Iterator[FetchedModel]:
    """Every model that has been fetched."""
    if _folder().is_dir():
        for directory in sorted(_folder().iterdir()):
            if (model := manifest.read(directory)) is not None:
                yield model


def _directory(model: HubModel) -> Path:
    return _folder() / f"{model.kind}--{model.name.replace('/', '--')}"


def _folder() -> Path:
    return store.root() / "fetched"


def _meter(model: HubModel, total: int | None, progress: Progress) -> ProgressMeter:
    return ProgressMeter(f"{model.kind} {model.name}", total, progress)


def _fetch(model: HubModel, directory: Path, progress: Progress) -> None:
    partial = store.root() / "partial" / directory.name
    files = _download(model, partial, progress)
    with store.replacing(directory) as fresh:
        for path in files:
            (partial / path).rename(fresh / Path(path).name)
        digests = {Path(path).name: digest for path, (digest, _) in files.items()}
        commits = {Path(path).name: commit for path, (_, commit) in files.items() if commit}
        _describe(model, fresh, digests, commits)
    shutil.rmtree(partial)
    _stamp(directory)


def _describe(
    model: HubModel, folder: Path, digests: Mapping[str, FileDigest], commits: Mapping[str, str]
) -> None:
    """Write the manifest of the files in a folder."""
    place = ModelFolder(folder.name, folder, digests)
    manifest.write(FetchedModel(model.kind, model.name, model.licence, place, commits))


def _stamp(directory: Path) -> None:
    if (found := manifest.read(directory)) is not None:
        found.place.stamp()


def _digest(path: Path) -> FileDigest:
    size = path.stat().st_size
    return FileDigest(size, sha256(path, ProgressMeter(path.name, size, quiet)))


def _download(model: HubModel, into: Path, progress: Progress) -> dict[str, tuple[FileDigest, str | None]]:
    """Download the files into ``into``, in the repository's subfolders; returns path -> digest and commit."""
    try:
        found = {path: _metadata(model, path) for path in (*model.required, *model.optional)}
        for path in model.required:
            if found[path] is None:
                raise NotInRepository(f"{model.repository} holds no {path}")
        wanted = {path: entry for path, entry in found.items() if entry is not None}
        meter = _meter(model, sum(entry.size or 0 for entry in wanted.values()) or None, progress)
        return {
            path: (_download_file(model, path, entry, into, meter), entry.commit_hash)
            for path, entry in wanted.items()
        }
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
