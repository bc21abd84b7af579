"""How long listeners wait at several numbers of sessions, and what that takes of the machine.

``python -m load_tests.benchmark --duration 60 --sessions 1,2,4,8 --output benchmarks/baseline.json`` starts a
service of its own and speaks to it in real time; with ``--url`` it speaks to one that is running.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from load_tests import machine
from load_tests.measuring import Measured, measure, settle
from load_tests.options import levels
from load_tests.plot import latency_png
from load_tests.reports import OutputOption, write
from load_tests.service import Running, started
from load_tests.speaking import STAGGER_S, level, service_info
from load_tests.tables import show
from load_tests.usage import MEMORY
from sokuji.cli.console import CommitOption, PartialsOption, one_line_failures, service_url, target_languages
from sokuji.client.config import Config
from sokuji.errors import SokujiError
from sokuji.measure.samples import joined, sentences

CONFIG, PORT = Path("serve_config.yaml"), 8031

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@dataclass(frozen=True, slots=True)
class Load:
    """What is said to the service, and what is wanted of it."""

    wanted: Config
    sessions: Sequence[int]
    duration_s: float
    run_on: int
    """Recorded sentences that are said without a pause."""
    warm_up_s: float

    def report(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self)
        return {**found.pop("wanted"), **found, "stagger_s": STAGGER_S}


@app.command()
@one_line_failures()
def main(
    config: Annotated[
        Path | None, typer.Option(help=f"Serve config of the service that is started; default: {CONFIG}")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help=f"Its port; default: {PORT}"),
    ] = None,
    url: Annotated[
        str, typer.Option(metavar="URL", callback=service_url, help="A running service instead.")
    ] = "",
    sessions: Annotated[
        str, typer.Option(help="Sessions at once; of a list, one level after another.")
    ] = "1,2,4,8",
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in a session.")] = 60,
    source: Annotated[str, typer.Option("--from", help="Language spoken.")] = "pt",
    target: Annotated[
        str,
        typer.Option(
            "--to",
            callback=target_languages,
            help="Language wanted, or several: en,pt. The first one is timed.",
        ),
    ] = "en",
    run_on: Annotated[
        int, typer.Option(min=1, max=10, help="Recorded sentences that are said without a pause.")
    ] = 1,
    commit: CommitOption = None,
    partials: PartialsOption = False,
    warm_up: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds of speech before, which are not reported.")
    ] = 5,
    output: OutputOption = None,
) -> None:
    """Measure a service; the exit code is 1 if a sentence was lost or came out of order."""
    if url and (config or port):
        raise typer.BadParameter(
            "--config and --port are for a service that is started, --url for a running one"
        )
    first, *others = target.split(",")
    wanted = Config(
        source_language=source,
        target_language=first,
        target_languages=tuple(others),
        commit=commit,
        partials=partials,
    )
    load = Load(wanted, levels(sessions), duration, run_on, warm_up)
    service = started(config or CONFIG, port or PORT) if not url else None
    head, found = asyncio.run(_measure(service, url, load, joined(sentences(source), run_on)))
    show(found)
    if output is not None:
        write(output, {**head, "levels": [each.report() for each in found]})
        latency_png([each.level for each in found], _title(load), output.with_suffix(".png"))
    if not all(each.level.sound for each in found):
        raise SokujiError("sentences were lost or came out of order")


async def _measure(
    service: AbstractAsyncContextManager[Running] | None, url: str, load: Load, clips: Sequence[bytes]
) -> tuple[dict[str, Any], list[Measured]]:
    """What was measured on, and every level; ``service`` is our own one, else there is one at ``url``."""
    console = Console(stderr=True, highlight=False)
    async with service or nullcontext() as running:
        url = running.url if running else url
        head = {
            "measured": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": machine.commit(),
            "machine": machine.describe(),
            "service": service_info(url),
            "serve": running.described() if running else None,
            "memory": MEMORY,
            "load": load.report(),
        }
        if load.warm_up_s:
            console.print(f"warming up: {load.warm_up_s:g} s of speech")
            await level(url, load.wanted, clips, 1, load.warm_up_s)
        found = []
        for number, count in enumerate(load.sessions):
            if number or load.warm_up_s:
                await settle(running)
            console.print(f"{count} at once: {load.duration_s:g} s of speech each")
            found.append(await measure(url, running, load.wanted, clips, count, load.duration_s))
    return head, found


def _title(load: Load) -> str:
    about = machine.describe()
    spoken = f"{load.wanted.source_language} to {', '.join(load.wanted.targets)}"
    return (
        f"{spoken}, {load.duration_s:g} s of speech a session; {about['processor']}, {about['cores']} cores"
    )


if __name__ == "__main__":
    app()
