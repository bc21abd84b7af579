"""The ``sokuji`` command: all commands in one application."""

from typing import Annotated

import typer

from sokuji import __version__
from sokuji.cli.console import CommandGroup
from sokuji.cli.demo import demo
from sokuji.cli.key_commands import keys
from sokuji.cli.listen import listen
from sokuji.cli.live.command import live
from sokuji.cli.model_commands import models
from sokuji.cli.profile_commands import profile
from sokuji.cli.speech.speak import speak
from sokuji.cli.speech.transcribe import transcribe
from sokuji.cli.speech.translate import translate

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Speech-to-speech translation. The commands for recordings and texts run the embedded models "
    "in this process, without a network, or use a running service (--server).",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sokuji {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


for command in (translate, transcribe, speak, live, demo, listen):
    app.command()(command)
app.add_typer(keys, name="keys")
app.add_typer(models, name="models")
app.add_typer(profile, name="profile")
