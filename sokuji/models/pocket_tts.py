"""Files of the models that Kyutai has published for Pocket TTS.

The package ``pocket-tts`` carries a description of each model, which names the model's files on the hub and
their commits. It is located, not imported, since it imports PyTorch.
"""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from sokuji.models.hub import HubModel
from sokuji.models.table import POCKET_TTS_LICENCE, POCKET_TTS_REPOSITORY

LANGUAGES = {
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "spanish": "es",
}
"""First word of a model's name -> canonical code of its language."""
VOICES = {
    "alba": "en",
    "anna": "en",
    "azelma": "en",
    "bill_boerst": "en",
    "caro_davy": "en",
    "charles": "en",
    "cosette": "en",
    "daan": "nl",
    "eponine": "en",
    "estelle": "fr",
    "eve": "en",
    "fantine": "en",
    "george": "en",
    "giovanni": "it",
    "jane": "en",
    "javert": "en",
    "jean": "en",
    "juergen": "de",
    "lola": "es",
    "marius": "en",
    "mary": "en",
    "michael": "en",
    "paul": "en",
    "peter_yearsley": "en",
    "rafael": "pt",
    "stuart_bell": "en",
    "vera": "en",
}
"""Voice of the package's catalogue -> the language of its speaker. Every published model speaks with all of
them, as far as the hub holds their files; the first of a language is the package's default for it."""
VOICES_COMMIT = "a7056f505a4a8ca72d8b5fb1440071d6f1a35739"
"""The commit of the hub at which the package takes the voices."""

_FILE = re.compile(rf"hf://{POCKET_TTS_REPOSITORY}/([^@]+)@([0-9a-f]{{40}})")


def descriptions() -> dict[str, Path]:
    """Model name -> its description in the installed package; empty if the package is not installed."""
    spec = find_spec("pocket_tts")
    if spec is None or spec.origin is None:
        return {}
    return {path.stem: path for path in sorted((Path(spec.origin).parent / "config").glob("*.yaml"))}


def accepted() -> str:
    """The names of models, for messages."""
    names = descriptions()
    if not names:
        return "a local .yaml file; published models need pip install 'sokuji-bridge[pocket-tts]'"
    return f"{', '.join(names)}, or a local .yaml file"


def language_of(name: str) -> str | None:
    """The language that the first word of a model's name says; None: it says none."""
    return LANGUAGES.get(re.split("[^a-z]", name)[0])


def default_voice(language: str) -> str:
    """The voice with which a model speaks a language if none is named."""
    return next((voice for voice, spoken in VOICES.items() if spoken == language), "alba")


def hub_model(name: str) -> HubModel | None:
    """The hub's model of a name; None: no published model has it."""
    path = descriptions().get(name)
    if path is None:
        return None
    description: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    # These weights lack only what clones a voice, for which the hub demands an account.
    sources = (
        description["weights_path_without_voice_cloning"],
        description["flow_lm"]["lookup_table"]["tokenizer_path"],
    )
    files = {match[1]: match[2] for source in sources if (match := _FILE.fullmatch(source))}
    voices = {f"languages/{name}/embeddings/{voice}.safetensors": VOICES_COMMIT for voice in VOICES}
    first = f"languages/{name}/embeddings/{default_voice(language_of(name) or '')}.safetensors"
    return HubModel(
        kind="pocket-tts",
        name=name,
        licence=POCKET_TTS_LICENCE,
        repository=POCKET_TTS_REPOSITORY,
        required=(*files, first),
        optional=tuple(voice for voice in voices if voice != first),
        revisions={**files, **voices},
    )
