"""Model ids of the OpenAI doors: those of the service, ``provider/model``, and aliases for them.

An alias, such as OpenAI's own ``whisper-1``, stands for the preferred providers of a stage or of all stages,
or for an id of the service. The ids of the service name a provider, which is then called first.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from sokuji.config import INTERPRETER
from sokuji.contract import StageName
from sokuji.errors import InvalidRequest, UnknownModel, listed
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.members import ProviderInfo

Purpose = Literal["stt", "tts", "interpreter"]
"""What a client wants a model for: to recognise, to speak, or all that a conversation takes."""
_VERBS: dict[Purpose, str] = {"stt": "recognises speech", "tts": "speaks", "interpreter": "interprets"}


class ServedModel(NamedTuple):
    """A model that a client can name."""

    id: str
    purpose: StageName | Literal["interpreter"]
    provider: str | None
    """None: the preferred ones."""


class ModelIds:
    """The ids that this service knows.

    Args:
        catalogue: what the providers can do.
        aliases: id -> ``stt``, ``tts``, ``interpreter`` or an id of the service, as in ``OpenAISettings``.
    """

    def __init__(self, catalogue: Catalogue, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases
        self._own = {model.id: model for model in _own_models(catalogue)}

    @property
    def models(self) -> list[ServedModel]:
        """The models of the service, then the aliases that lead to one."""
        found = dict(self._own)
        for alias in self._aliases:
            model_id = alias.removesuffix("*")
            if model_id not in found and (model := self._find(model_id)) is not None:
                found[model_id] = model._replace(id=model_id)
        return list(found.values())

    def find(self, model_id: str, *, param: str = "model") -> ServedModel:
        """The model of an id.

        Raises:
            UnknownModel: nobody serves it; the message lists the ids that are served.
        """
        model = self._find(model_id)
        if model is None:
            raise UnknownModel(
                f"no model {model_id[:80]!r} is served here; accepted: "
                f"{listed([each.id for each in self.models], most=40)}",
                param=param,
            )
        return model

    def providers(self, model_id: str, purpose: Purpose, *, param: str = "model") -> Mapping[StageName, str]:
        """The providers to call first for a model id; empty: the preferred ones.

        Args:
            purpose: an interpreter may be named by the model of any of its stages.
            param: the request field of the id, for the error.

        Raises:
            UnknownModel: nobody serves it.
            InvalidRequest: the model is for something else.
        """
        model = self.find(model_id, param=param)
        if purpose not in (model.purpose, INTERPRETER):
            fitting = [each.id for each in self.models if each.purpose == purpose]
            raise InvalidRequest(
                f"{model_id[:80]!r} is no model that {_VERBS[purpose]}; accepted: {listed(fitting, most=40)}",
                param=param,
            )
        if model.purpose == INTERPRETER or model.provider is None:
            return {}
        return {model.purpose: model.provider}

    def _find(self, model_id: str) -> ServedModel | None:
        if (model := self._own.get(model_id)) is not None:
            return model
        meaning = _meaning(model_id, self._aliases)
        purpose = next((each for each in _VERBS if each == meaning), None)
        return ServedModel(model_id, purpose, None) if purpose else self._own.get(meaning or "")


def _meaning(model_id: str, aliases: Mapping[str, str]) -> str | None:
    """What the alias says that fits best: the id itself, else the longest beginning."""
    if model_id in aliases:
        return aliases[model_id]
    fitting = [
        alias for alias in aliases if alias.endswith("*") and model_id.startswith(alias.removesuffix("*"))
    ]
    return aliases[max(fitting, key=len)] if fitting else None


def _own_models(catalogue: Catalogue) -> Iterator[ServedModel]:
    infos: Iterable[tuple[StageName, Iterable[ProviderInfo]]] = (
        ("stt", (member.info for member in catalogue.stt)),
        ("translation", (member.info for member in catalogue.translation)),
        ("tts", (member.info for member in catalogue.tts)),
    )
    for stage, members in infos:
        for info in members:
            yield ServedModel(f"{info.provider}/{info.model}", stage, info.provider)
