"""Command-line options that several of the commands take."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, get_args

import typer

from load_tests.scenarios.service import GatewaySetting
from load_tests.scenarios.sessions import Door
from sokuji.cli.console import service_url
from sokuji.cli.language_options import target_language
from sokuji.config import GatewaySettings, GrpcSettings
from sokuji.measure.samples import LANGUAGES

DEFAULT_CONFIG = Path("serve_config.yaml")


def command_line() -> typer.Typer:
    """A command without shell completion; errors are one line."""
    return typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def among(accepted: Sequence[str], kind: str, *, several: bool = True) -> Callable[[str], str]:
    """An option callback: one of the accepted values of a kind, or several separated by commas."""

    def callback(value: str) -> str:
        if unknown := sorted(set(value.split(",") if several else [value]) - set(accepted)):
            raise typer.BadParameter(f"no {kind} {', '.join(unknown)}; there are: {', '.join(accepted)}")
        return value

    return callback


recorded_languages = among(LANGUAGES, "recordings in")


def levels(text: str) -> list[int]:
    """Numbers of sessions: "1,2,4" is [1, 2, 4]."""
    return numbers(text, 1_000_000, "numbers of sessions, like 1,2,4")


def doors(text: str) -> list[Door]:
    """Doors: "bridge,openai" is ["bridge", "openai"]."""
    known = get_args(Door)
    names = text.split(",")
    if not set(names) <= set(known):
        raise typer.BadParameter(f"{text!r} is no list of doors; there are: {', '.join(known)}")
    return [door for name in dict.fromkeys(names) for door in known if door == name]


def grpc_address(value: str) -> str:
    """An option callback: an address that gRPC may have."""
    try:
        return GrpcSettings(address=value).address
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no address; accepted: IP:PORT") from None


def batch_sizes(text: str) -> list[int]:
    """Sizes of batches: "1,4" is [1, 4]."""
    return numbers(text, 64, "numbers of utterances from 1 to 64, like 1,4,16")


def recording_numbers(text: str, count: int) -> list[int]:
    """Numbers of recordings: "77,83" is [77, 83]; the first of ``count`` is 0."""
    return numbers(text, count - 1, f"numbers of recordings from 0 to {count - 1}, like 0,1", least=0)


def numbers(text: str, most: int, kind: str, least: int = 1) -> list[int]:
    """Numbers from ``least`` to ``most``: "1,4" is [1, 4]; others are no list of ``kind``."""
    numbers = [int(number) if number.strip().isdecimal() else -1 for number in text.split(",")]
    if not all(least <= number <= most for number in numbers):
        raise typer.BadParameter(f"{text!r} is no list of {kind}")
    return numbers


def gateway_settings(text: str) -> list[GatewaySetting]:
    """Values of a setting: "streaming.run_on_ms=2000,4000" is two; none of an empty text."""
    if not text:
        return []
    path, _, values = text.partition("=")
    section, _, name = path.partition(".")
    try:
        checked = [GatewaySetting(section, name, float(value)) for value in values.split(",")]
        for each in checked:
            GatewaySettings.model_validate({each.section: {each.name: each.value}})
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no setting of the Gateway with its values: {error}") from None
    return checked


def any_given(context: typer.Context, *names: str) -> bool:
    """Whether any of these parameters stands in the command line."""
    sources = map(context.get_parameter_source, names)
    return any(each is not None and each.name == "COMMANDLINE" for each in sources)


def check_service_options(context: typer.Context) -> None:
    """Raise BadParameter where the options of both kinds of service are given."""
    if context.params["url"] and any_given(context, "config", "port"):
        raise typer.BadParameter(
            "--config and --port are for a service that is started, --url for a running one"
        )


ConfigOption = Annotated[Path, typer.Option("--config", help="Serve config of the service that is started.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65_535, help="Its port.")]
UrlOption = Annotated[
    str, typer.Option("--url", metavar="URL", callback=service_url, help="A running service instead.")
]
SessionsOption = Annotated[int, typer.Option("--sessions", min=1, help="Sessions at once.")]
LevelsOption = Annotated[
    str, typer.Option("--sessions", help="Sessions at once; a list is measured one level after another.")
]
DoorsOption = Annotated[
    str,
    typer.Option(
        "--door", help="bridge, openai (WebSockets) or grpc; with several, the levels alternate between them."
    ),
]
GrpcOption = Annotated[
    str,
    typer.Option(
        "--grpc",
        metavar="ADDRESS",
        callback=grpc_address,
        help="Where the service serves gRPC, or shall serve it if it is started: for --door grpc.",
    ),
]
DurationOption = Annotated[
    float, typer.Option("--duration", min=5, max=3_600, help="Seconds of speech in a session.")
]
RunOnOption = Annotated[
    int, typer.Option("--run-on", min=1, max=10, help="Recorded sentences that are said without a pause.")
]
ALL_LANGUAGES = ",".join(LANGUAGES)
LanguagesOption = Annotated[str, typer.Option(callback=recorded_languages, help="Languages spoken.")]
SourceOption = Annotated[str, typer.Option("--from", callback=recorded_languages, help="Language spoken.")]
TargetOption = Annotated[
    str, typer.Option("--to", callback=target_language, help="Language of the translation.")
]
