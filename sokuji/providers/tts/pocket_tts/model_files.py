"""The files of a Pocket TTS model: its description, weights, tokenizer and voices.

A description is a YAML file in the package's format. The files that it takes from a hub are looked for beside
it, by their names: the package's own descriptions hold for copies on this machine, and to load a model never
downloads anything.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sokuji import languages, models
from sokuji.config import PocketTtsConfig
from sokuji.errors import ConfigError, ModelMissing, UnsupportedLanguage
from sokuji.models import pocket_tts

VOICES_FOLDER = "embeddings"
"""Beside the description of a local model, as in the repository of the published ones."""
_WEIGHTS = ((), ("flow_lm",), ("mimi",))
"""Sections of a description that may have a ``weights_path``."""


class ModelFiles(NamedTuple):
    """A model on this machine."""

    name: str
    description: Mapping[str, Any]
    """The contents of the YAML file, with paths on this machine."""
    language: str
    """Canonical code."""
    voices: Mapping[str, Path]
    """Voice id -> its ``.safetensors`` file; at least one."""


def find_files(config: PocketTtsConfig) -> ModelFiles:
    """The model of the settings; a published one is fetched first if necessary.

    Raises:
        ConfigError: the language of a local model is not known.
        ModelMissing: a file is absent, or is no description of a model.
    """
    folder = models.locate("pocket-tts", config.tts_model)
    path = pocket_tts.descriptions().get(config.tts_model)
    if path is None:
        path = Path(config.tts_model).expanduser()
        voices = {file.stem: file for file in sorted((folder / VOICES_FOLDER).glob("*.safetensors"))}
    else:
        files = {voice: folder / f"{voice}.safetensors" for voice in pocket_tts.VOICES}
        voices = {voice: file for voice, file in files.items() if file.is_file()}
    if not voices:
        raise _missing(path, f"has no voices: {VOICES_FOLDER}/NAME.safetensors, by 'pocket-tts export-voice'")
    return ModelFiles(path.stem, _read(path, folder), _language(config, path.stem), voices)


def _language(config: PocketTtsConfig, name: str) -> str:
    if not config.language:
        if language := pocket_tts.language_of(name):
            return language
        raise ConfigError(f"{name}.yaml does not say what it speaks: set the language", param="language")
    try:
        return languages.parse(config.language, "language")
    except UnsupportedLanguage as error:
        raise ConfigError(error.message, param="language") from error


def _read(path: Path, folder: Path) -> Mapping[str, Any]:
    try:
        description: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        # The published weights are those without the encoder that clones a voice.
        description.pop("weights_path_without_voice_cloning", None)
        table = description["flow_lm"]["lookup_table"]
        weights = list(_weights(description))
        table["tokenizer_path"] = _beside(table["tokenizer_path"], path, folder)
        for section in weights:
            section["weights_path"] = _beside(section["weights_path"], path, folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise _missing(path, "is no description of a Pocket TTS model") from error
    if not weights:
        raise _missing(path, "names no weights")
    return description


def _weights(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The sections that name weights."""
    for keys in _WEIGHTS:
        section = description
        for key in keys:
            section = section[key]
        if section.get("weights_path"):
            yield section


def _beside(source: str, description: Path, folder: Path) -> str:
    """The path of a file that a description names."""
    _, remote, address = source.partition("://")
    name = Path(address.partition("@")[0]).name if remote else Path(source).expanduser()
    path = folder / name
    if not path.is_file():
        raise _missing(description, f"needs {path.name} beside it; nothing is downloaded to load a model")
    return str(path)


def _missing(description: Path, fault: str) -> ModelMissing:
    return ModelMissing(f"pocket-tts model: {description.name} {fault}", param="tts_model")
