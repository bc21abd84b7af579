"""Voices of Piper on the hub."""

import re

from sokuji.models.hub import HubModel
from sokuji.models.table import PIPER_REPOSITORY

_VOICE = re.compile(r"([a-z]{2,3}_[A-Z0-9]{2,3})-(\w+)-(x_low|low|medium|high)", re.ASCII)


def hub_model(name: str) -> HubModel | None:
    """The hub's model of a voice such as en_US-lessac-low; None: the name is not formed like that."""
    voice = _VOICE.fullmatch(name)
    if voice is None:
        return None
    # For example en/en_US/lessac/low/en_US-lessac-low.onnx
    language, speaker, quality = voice.groups()
    folder = f"{language.partition('_')[0]}/{language}/{speaker}/{quality}"
    return HubModel(
        kind="piper",
        name=name,
        licence="see MODEL_CARD",
        repository=PIPER_REPOSITORY,
        required=(f"{folder}/{name}.onnx", f"{folder}/{name}.onnx.json"),
        optional=(f"{folder}/MODEL_CARD",),
    )
