"""Arguments and options that several commands of ``speech_commands`` have."""

from pathlib import Path
from typing import Annotated

import typer

from sokuji.cli.console import source_languages, writable
from sokuji.protocol import MAX_SPEED, MIN_SPEED

InputFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="A recording of up to 2 h, in any format that FFmpeg decodes.",
    ),
]
OutputFile = Annotated[
    Path, typer.Option("--output", "-o", metavar="WAV", callback=writable, help="The WAV file to write.")
]
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
