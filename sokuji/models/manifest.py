"""The manifest of a fetched model: size, SHA-256 and commit of every file in its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sokuji.models.store import FileDigest, ModelFolder
from sokuji.models.table import Kind

NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """A model that has been fetched."""

    kind: Kind
    name: str
    licence: str
    place: ModelFolder
    revisions: Mapping[str, str] = field(default_factory=dict)
    """File -> its commit on the hub; empty for a model that was converted here."""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return self.place.size

    def has(self, revisions: Mapping[str, str]) -> bool:
        """Whether the files are of these commits, as far as theirs are known."""
        return all(self.revisions.get(name, commit) == commit for name, commit in revisions.items())


def read(directory: Path) -> FetchedModel | None:
    """The model in a folder; None: there is none, or its manifest cannot be read."""
    try:
        manifest = json.loads((directory / NAME).read_text())
        files = {name: FileDigest(*digest) for name, digest in manifest["files"].items()}
        place = ModelFolder(directory.name, directory, files)
        revisions = dict(manifest.get("revisions", {}))
        return FetchedModel(manifest["kind"], manifest["name"], manifest["licence"], place, revisions)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(model: FetchedModel) -> None:
    """Write the manifest into the model's folder."""
    content = {
        "kind": model.kind,
        "name": model.name,
        "licence": model.licence,
        "files": {name: [digest.size, digest.sha256] for name, digest in model.place.files.items()},
        "revisions": dict(model.revisions),
    }
    (model.place.directory / NAME).write_text(json.dumps(content))
