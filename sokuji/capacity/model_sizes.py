"""The number of parameters and the decoder's shape of models that are known by name.

Files and repositories of models are in ``sokuji.models.table``. The figures are those of the model cards
(openai/whisper-*, distil-whisper/*, facebook/nllb-200-*), and for Piper's voices the sizes of the files in
rhasspy/piper-voices.
"""

from dataclasses import dataclass

from sokuji.models.table import WHISPER_REPOSITORIES

STORED_BYTES = 2
"""Of a weight in the files of converted models."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The dimensions of a transformer that its memory depends on."""

    parameters: int
    layers: int
    """Of the decoder."""
    width: int
    vocabulary: int


def _whisper(parameters: int, layers: int, width: int) -> ModelShape:
    return ModelShape(parameters, layers, width, vocabulary=51_866)


def _nllb(parameters: int, layers: int, width: int) -> ModelShape:
    return ModelShape(parameters, layers, width, vocabulary=256_206)


WHISPER: dict[str, ModelShape] = {
    "tiny": _whisper(39_000_000, 4, 384),
    "base": _whisper(74_000_000, 6, 512),
    "small": _whisper(244_000_000, 12, 768),
    "medium": _whisper(769_000_000, 24, 1_024),
    "large": _whisper(1_550_000_000, 32, 1_280),
    "turbo": _whisper(809_000_000, 4, 1_280),
    "distil-small": _whisper(166_000_000, 4, 768),
    "distil-medium": _whisper(394_000_000, 2, 1_024),
    "distil-large": _whisper(756_000_000, 2, 1_280),
}
NLLB: dict[str, ModelShape] = {
    "nllb-200-distilled-600M": _nllb(615_000_000, 12, 1_024),
    "nllb-200-distilled-1.3B": _nllb(1_370_000_000, 24, 1_024),
    "nllb-200-1.3B": _nllb(1_370_000_000, 24, 1_024),
    "nllb-200-3.3B": _nllb(3_340_000_000, 24, 2_048),
}
POCKET_TTS_BYTES = {"24l": 1_350_000_000, "": 440_000_000}
"""Layers, as in the name of a model -> size of its weights, float32; those of the small models are less."""
PIPER_BYTES = {"x_low": 28_000_000, "low": 63_000_000, "medium": 78_000_000, "high": 121_000_000}
"""Quality -> size of a voice's file, float32, of the largest voice of that quality in the hub."""


def whisper_shape(name: str) -> ModelShape | None:
    """The shape of a Whisper model by its name or its repository on the hub; None: not known."""
    aliases = {repository: alias for alias, repository in WHISPER_REPOSITORIES.items()}
    alias = aliases.get(name, name)
    if alias != "base" and alias not in WHISPER_REPOSITORIES:
        return None
    if alias.endswith("turbo"):
        return WHISPER["turbo"]
    family = alias.removesuffix(".en").partition("-v")[0]
    return WHISPER[family]


def nearest_shape(known: dict[str, ModelShape], stored: int) -> ModelShape:
    """The smallest shape whose files have at least ``stored`` bytes; the largest shape if none has."""
    by_size = sorted(known.values(), key=lambda shape: shape.parameters)
    return next((shape for shape in by_size if shape.parameters * STORED_BYTES >= stored), by_size[-1])
