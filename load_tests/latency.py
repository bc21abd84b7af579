"""How soon the service speaks: commitment by utterance and by clause, with speculation and without.

``python -m load_tests.latency --duration 150 --output latency.json`` starts a service of its own twice, with
speculation and without, and speaks to it in real time by ``paced_client``, once with each way of commitment.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from sokuji.client.console import one_line_failures, writable
from sokuji.client.latency import STAGES
from sokuji.errors import ConfigError, SokujiError

COMMITS = ("utterance", "clause")
GATEWAY = "Gateway"
START_S = 300

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
@one_line_failures()
def main(
    config: Annotated[Path, typer.Option(help="Serve config to measure.")] = Path("serve_config.yaml"),
    port: Annotated[int, typer.Option(help="Port of the service that is started.")] = 8020,
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in each run.")] = 150,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions at once.")] = 1,
    run_on: Annotated[
        int, typer.Option(min=1, max=10, help="Recorded sentences that are said without a pause.")
    ] = 1,
    source: Annotated[str, typer.Option("--from", help="Language spoken.")] = "pt",
    target: Annotated[str, typer.Option("--to", help="Language wanted.")] = "en",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON report to write.")] = None,
) -> None:
    """Measure all four ways; the exit code is 1 if a sentence was lost or came out of order."""
    if output is not None:
        writable(output)
    load = [
        f"--sessions={sessions}", f"--duration={duration}", f"--run-on={run_on}", f"--from={source}",
        f"--to={target}",
    ]  # fmt: skip
    runs = [
        {"speculate": speculate, "commit": commit, **report}
        for speculate in (True, False)
        for commit, report in _measure(config, port, speculate, load, duration).items()
    ]
    Console(width=None if Console().is_terminal else 120).print(_table(runs))
    if output is not None:
        output.write_text(json.dumps(runs, indent=2) + "\n", "utf-8")


def _measure(config: Path, port: int, speculate: bool, load: list[str], duration_s: float) -> dict[str, Any]:
    """A report of ``paced_client`` for each way of commitment."""
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "serve_config.yaml"
        changed.write_text(yaml.safe_dump(_changed(config, speculate)))
        reports = {commit: Path(folder) / f"{commit}.json" for commit in COMMITS}
        client = f"{sys.executable} -m load_tests.paced_client --url http://127.0.0.1:{port} {' '.join(load)}"
        script = " && ".join(f"{client} --commit={commit} -o {path}" for commit, path in reports.items())
        launch = [sys.executable, "-m", "deployments.launch", "--config", str(changed), "--port", str(port)]
        most_s = START_S + len(COMMITS) * (2 * duration_s + 60)
        if subprocess.run([*launch, "--", "sh", "-c", script], check=False, timeout=most_s).returncode:
            raise SokujiError(f"the measurement with speculate: {str(speculate).lower()} failed")
        return {commit: json.loads(path.read_text()) for commit, path in reports.items()}


def _changed(config: Path, speculate: bool) -> dict[str, Any]:
    """The Serve config with speculation switched on or off."""
    content: dict[str, Any] = yaml.safe_load(config.read_text())
    for application in content["applications"]:
        for deployment in application.get("deployments", ()):
            if deployment["name"] == GATEWAY:
                streaming = deployment.setdefault("user_config", {}).setdefault("streaming", {})
                streaming["speculate"] = speculate
                return content
    raise ConfigError(f"{config} has no deployment named {GATEWAY}")


def _table(runs: list[dict[str, Any]]) -> Table:
    """A row for each way."""
    table = Table(title="Milliseconds from the end of speech, p50 / p95", title_justify="left", box=SIMPLE)
    for heading in ("commit", "speculation", "sentences", "lost", *STAGES):
        table.add_column(heading, justify="right")
    for run in runs:
        (level,) = run["levels"]
        times = [level["latency_ms"].get(stage) for stage in STAGES]
        cells = [f"{each['p50']:,.0f} / {each['p95']:,.0f}" if each else "-" for each in times]
        on = "on" if run["speculate"] else "off"
        table.add_row(run["commit"], on, str(level["sent"]), str(level["lost"]), *cells)
    return table


if __name__ == "__main__":
    app()
