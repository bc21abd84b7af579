"""Arguments and options that several commands for speech and texts have."""

from typing import Annotated, Literal

import typer

from sokuji.cli.console import service_url
from sokuji.cli.files.inputs import Input, inputs_of, text_input
from sokuji.cli.language_options import source_languages
from sokuji.config import FasterWhisperConfig, Settings
from sokuji.protocol import MAX_SPEED, MIN_SPEED

STARTING = "starting"

FilesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES...", help="Files, folders, patterns, file:// addresses, or - for standard input."
    ),
]
TextOption = Annotated[str, typer.Option("--text", metavar="TEXT", help="A text instead of files.")]
VoiceOption = Annotated[str, typer.Option(help="Voice id; an unknown id is refused with those that exist.")]
SpeedOption = Annotated[
    float, typer.Option(min=MIN_SPEED, max=MAX_SPEED, help="Speed of the voice; 2 is twice as fast.")
]
CandidatesOption = Annotated[
    str,
    typer.Option(
        "--source-languages",
        metavar="LIST",
        callback=source_languages,
        help="With auto: the languages that may be spoken, such as pt,en; without it, any.",
    ),
]
ServerOption = Annotated[
    str,
    typer.Option(
        metavar="URL", callback=service_url, help="Use a running service instead of models in this process."
    ),
]
Device = Literal["auto", "cpu", "cuda"]
DeviceOption = Annotated[
    Device | None,
    typer.Option(help="Where the recogniser runs; default: a GPU if there is one. Not with --server."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The recogniser's model: base (embedded), another one of 'sokuji models list', a name on the "
        "model hub, or a folder. Not with --server.",
    ),
]


def codes(listed: str) -> tuple[str, ...]:
    """The languages of an option that lists several."""
    return tuple(filter(None, listed.split(",")))


def chosen_inputs(files: list[str] | None, text: str, suffixes: frozenset[str]) -> list[Input]:
    """What a command works on.

    Raises:
        typer.BadParameter: nothing is named, or both files and a text.
    """
    if bool(files) == bool(text.strip()):
        raise typer.BadParameter("name files, - for standard input, or a --text")
    return inputs_of(files, suffixes) if files else [text_input(text)]


def recogniser(model: str | None, device: Device | None, server: str) -> tuple[Settings, ...]:
    """The recogniser that is asked for.

    Raises:
        typer.BadParameter: a service is asked for too, which has its own.
    """
    check_local(server, model, device)
    chosen = {"model_size": model, "device": device}
    return (FasterWhisperConfig(**{name: value for name, value in chosen.items() if value}),)


def check_local(server: str, model: str | None, device: str | None) -> None:
    """Refuse options about models of this process together with ``--server``."""
    if server and (model or device):
        raise typer.BadParameter("the service has models of its own", param_hint="--model, --device")
