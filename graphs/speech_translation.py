"""The application: a Gateway in front of SpeechToText, Translation and TextToSpeech.

``serve run graphs.speech_translation:app`` serves the embedded default. Each entry of a stage's list in the
args becomes a deployment of its own: the first has the stage's name, the others carry their provider's name
behind it (``TextToSpeechKokoro``). The Serve YAML sets resources and ``user_config`` by deployment name.
"""

from collections.abc import Sequence
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field
from ray.serve import Application, Deployment

from deployments.gateway import Gateway
from deployments.stt import SpeechToText
from deployments.translation import Translation
from deployments.tts import TextToSpeech


class GraphArgs(BaseModel):
    """The ``args`` of the application: providers of each stage, in order of preference."""

    model_config = ConfigDict(extra="forbid")

    stt: list[str] = Field(["faster_whisper"], min_length=1)
    translation: list[str] = Field(["bergamot"], min_length=1)
    tts: list[str] = Field(["piper", "kokoro"], min_length=1)


def app(args: GraphArgs) -> Application:
    """Wire the graph."""
    return (
        _deployment(Gateway)
        .options(user_config={})
        .bind(
            _stage(SpeechToText, args.stt),
            _stage(Translation, args.translation),
            _stage(TextToSpeech, args.tts),
        )
    )


def _deployment(decorated: Any) -> Deployment:
    # Type checkers do not see what a class decorator returns.
    return cast(Deployment, decorated)


def _stage(decorated: Any, providers: Sequence[str]) -> list[Application]:
    stage = _deployment(decorated)
    names = [stage.name, *(stage.name + _camel_case(provider) for provider in providers[1:])]
    return [
        stage.options(name=name, user_config={"provider": provider}).bind(provider)
        for name, provider in zip(names, providers, strict=True)
    ]


def _camel_case(provider: str) -> str:
    return "".join(part.capitalize() for part in provider.split("_"))
