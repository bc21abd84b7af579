"""Model files: locates and verifies them, assembles embedded models, fetches other models from a hub.

Providers call ``locate``, which returns a folder of verified files or raises an error that says what to do.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sokuji.errors import ConfigError, ModelMissing
from sokuji.models import embedded, hub, manifest, nllb, piper, pocket_tts
from sokuji.models.hub import HubModel
from sokuji.models.manifest import FetchedModel
from sokuji.models.mirror import Mirror
from sokuji.models.store import ModelFolder, Progress, ProgressMeter, quiet
from sokuji.models.table import (
    EMBEDDED,
    NLLB_LICENCE,
    NLLB_REPOSITORIES,
    POCKET_TTS_LICENCE,
    WHISPER_REPOSITORIES,
    EmbeddedModel,
    Kind,
)

State = Literal["verified", "present", "damaged", "missing", "fetchable"]

_SETTINGS: dict[Kind, str] = {
    "whisper": "model_size",
    "piper": "tts_model",
    "nllb": "translation_model",
    "nllb-onnx": "translation_model",
    "pocket-tts": "tts_model",
}
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_WHISPER_FILES = ("config.json", "model.bin", "tokenizer.json")
_WHISPER_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_FOLDERS: dict[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "whisper": (_WHISPER_FILES, _WHISPER_VOCABULARIES),
    "nllb": (nllb.FILES, nllb.VOCABULARIES),
    "nllb-onnx": (("tokenizer.json",), ()),
}
"""Files of a local folder: all of the first tuple, and one of the second."""
_NAMES = {*WHISPER_REPOSITORIES, *NLLB_REPOSITORIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """One model and the state of its files."""

    kind: Kind
    name: str
    licence: str
    size: int | None
    """Bytes; None: not known before the model is fetched."""
    state: State
    """``verified``: hashed, and unchanged since. ``present``: on this machine, not hashed since it changed.
    ``damaged``: a file is absent or wrong. ``missing``: the packages that carry it are not installed.
    ``fetchable``: can be fetched from the hub."""


def locate(kind: Kind, name: str) -> Path:
    """The folder with a model's files; assembles or fetches the model first if necessary.

    Args:
        kind: of the model.
        name: of an embedded model, a name or ``owner/name`` of the hub, or a local folder; for Piper a voice
            or a local ``.onnx`` file, and for Pocket TTS a model or a local ``.yaml`` file, whose folder is
            returned; for ONNX graphs with "@int8" or the like.

    Raises:
        ModelMissing: the model is damaged or not available; the message says what to do.
    """
    return _provide(kind, name, quiet, convert=False)


def fetch(kind: Kind, name: str, progress: Progress = quiet, *, revision: str | None = None) -> Path:
    """Like ``locate``, with progress reports; original weights of NLLB are converted.

    Args:
        kind: of the model.
        name: see ``locate``.
        progress: receives reports.
        revision: the commit of the hub's repository that all files must be of; None: the newest one, or
            what is on this machine already. Of no meaning for embedded and for local models.
    """
    return _provide(kind, name, progress, convert=True, revision=revision)


def publish(kind: Kind, name: str, mirror: Mirror, progress: Progress = quiet) -> None:
    """Put a model that has been fetched into a mirror, from which other machines take it.

    Raises:
        ConfigError: the model is embedded or a local one, or the mirror cannot be written.
    """
    model = manifest.read(fetch(kind, name, progress))
    if model is None:
        raise ConfigError(f"{kind} {name!r} does not come from a hub: no mirror needs it", param="name")
    try:
        mirror.put(model, ProgressMeter(f"{kind} {name} to the mirror", model.size, progress))
    except Exception as error:  # Each kind of storage has errors of its own.
        fault = str(error) or type(error).__name__
        raise ConfigError(f"the mirror cannot be written: {fault}", param="to") from error


def _provide(
    kind: Kind, name: str, progress: Progress, *, convert: bool, revision: str | None = None
) -> Path:
    try:
        for model in EMBEDDED:
            if (model.kind, model.name) == (kind, name):
                return embedded.provide(model, progress)
        folder = _local_folder(kind, name)
        if folder is not None:
            return folder
        return nllb.provide(_pinned(_hub_model(kind, name), revision), progress, convert=convert)
    except hub.HubError as error:
        raise _missing(
            kind,
            name,
            f"{error}; run 'sokuji models fetch {kind} {name}' where a hub is within reach, "
            "or name a local copy",
        ) from error
    except OSError as error:
        raise _missing(
            kind,
            name,
            f"its files cannot be read or written ({error.strerror}); SOKUJI_MODELS_DIR chooses "
            "another folder",
        ) from error


def display_name(name: str) -> str:
    """A model's name for public display: of a local folder or file only its last part, not its path."""
    return Path(name).name if name.startswith(("/", ".", "~")) else name


def assemble_all(progress: Progress = quiet) -> list[ModelStatus]:
    """Assemble and verify every embedded model whose packages are installed; returns the state of all.

    Raises:
        ModelMissing: an installed package is damaged.
    """
    for model in EMBEDDED:
        if embedded.installed(model):
            fetch(model.kind, model.name, progress)
    return [_status(model, _state(model)) for model in EMBEDDED]


def verify_all(progress: Progress = quiet) -> list[ModelStatus]:
    """Hash the files of every model on this machine, also those that were verified before."""
    return [_status(model, _hashed_state(model, progress)) for model in _known()]


def catalogue() -> list[ModelStatus]:
    """Embedded models, fetched models, and models that can be fetched by name; hashes nothing."""
    present = [_status(model, _state(model)) for model in _known()]
    names = {(status.kind, status.name) for status in present}
    fetchable: list[tuple[Kind, str, str]] = [
        ("whisper", name, "MIT")
        for name in dict.fromkeys(_whisper(repository).name for repository in WHISPER_REPOSITORIES.values())
    ]
    fetchable += [("nllb", name, NLLB_LICENCE) for name in NLLB_REPOSITORIES]
    fetchable += [("pocket-tts", name, POCKET_TTS_LICENCE) for name in pocket_tts.descriptions()]
    return present + [
        ModelStatus(kind=kind, name=name, licence=licence, size=None, state="fetchable")
        for kind, name, licence in fetchable
        if (kind, name) not in names
    ]


def _known() -> list[EmbeddedModel | FetchedModel]:
    return [*EMBEDDED, *hub.fetched()]


def _status(model: EmbeddedModel | FetchedModel, state: State) -> ModelStatus:
    return ModelStatus(kind=model.kind, name=model.name, licence=model.licence, size=model.size, state=state)


def _place(model: EmbeddedModel | FetchedModel) -> ModelFolder:
    return model.place if isinstance(model, FetchedModel) else embedded.place(model)


def _state(model: EmbeddedModel | FetchedModel) -> State:
    place = _place(model)
    if place.is_verified():
        return "verified"
    if place.directory.exists():
        return "present" if place.is_complete() else "damaged"
    return "present" if isinstance(model, EmbeddedModel) and embedded.installed(model) else "missing"


def _hashed_state(model: EmbeddedModel | FetchedModel, progress: Progress) -> State:
    place = _place(model)
    if not place.directory.exists():
        return _state(model)
    intact = place.verify(ProgressMeter(f"{model.kind} {model.name}", place.size, progress))
    return "verified" if intact else "damaged"


def _local_folder(kind: Kind, name: str) -> Path | None:
    """The folder of a local model; None: ``name`` is no path.

    Raises:
        ModelMissing: files are absent.
    """
    name = nllb.local_name(kind, name)
    path = Path(name).expanduser()
    if kind == "piper" and name.endswith(".onnx"):
        required, folder = [path, path.with_name(path.name + ".json")], path.parent
    elif kind == "pocket-tts" and name.endswith(".yaml"):
        required, folder = [path], path.parent
    elif kind in _FOLDERS and name not in _NAMES and (path.is_dir() or name[0] in "/.~"):
        files, vocabularies = _FOLDERS[kind]
        present = [path / file for file in vocabularies if (path / file).is_file()]
        required = [
            *(path / file for file in files),
            *(present or [path / file for file in vocabularies[:1]]),
        ]
        folder = path
    else:
        return None
    absent = [file.name for file in required if not file.is_file()]
    if absent:
        raise _missing(kind, name, f"not there: {', '.join(absent)}")
    return folder


def _hub_model(kind: Kind, name: str) -> HubModel:
    """The hub's model of a name.

    Raises:
        ModelMissing: there is none; the message lists the accepted names.
    """
    embedded_names = ", ".join(model.name for model in EMBEDDED if model.kind == kind)
    if kind == "whisper":
        if repository := WHISPER_REPOSITORIES.get(name) or (_REPOSITORY.fullmatch(name) and name):
            return _whisper(repository)
        accepted = f"{', '.join(WHISPER_REPOSITORIES)}, an owner/name of the hub, or a local folder"
    elif kind == "piper":
        if model := piper.hub_model(name):
            return model
        accepted = "a voice of the hub such as en_US-lessac-low, or a local .onnx file"
    elif kind in ("nllb", "nllb-onnx"):
        if model := nllb.hub_model(kind, name):
            return model
        raise _missing(kind, name, f"no such model; accepted: {nllb.ACCEPTED}")
    elif kind == "pocket-tts":
        if model := pocket_tts.hub_model(name):
            return model
        raise _missing(kind, name, f"no such model; accepted: {pocket_tts.accepted()}")
    else:
        raise _missing(kind, name, f"no such model; accepted: {embedded_names}")
    raise _missing(kind, name, f"no such model; accepted: {embedded_names} (embedded), {accepted}")


def _pinned(model: HubModel, revision: str | None) -> HubModel:
    """The model, all of whose files are of one commit unless ``revision`` is None."""
    if revision is None:
        return model
    return replace(model, revisions=dict.fromkeys((*model.required, *model.optional), revision))


def _whisper(repository: str) -> HubModel:
    aliases = [alias for alias, known in WHISPER_REPOSITORIES.items() if known == repository]
    return HubModel(
        kind="whisper",
        name=aliases[0] if aliases else repository,
        licence="MIT" if aliases else "see the hub",
        repository=repository,
        required=_WHISPER_FILES,
        optional=(*_WHISPER_VOCABULARIES, "preprocessor_config.json"),
    )


def _missing(kind: Kind, name: str, fault: str) -> ModelMissing:
    return ModelMissing(f"{kind} model {name!r}: {fault}", param=_SETTINGS.get(kind))
