"""Debian's Prometheus scrapes a service that is used, and the query of every panel returns data.

Blackbox_exporter asks whether the service is ready. The certificate is on the page below.

What this machine has not, such as GPUs, and what does not happen by itself, such as a provider that fails,
stands on a page that the test serves. Its names are checked elsewhere (``tests/ops``).
"""

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml

from sokuji.config import Limits
from tests.ops.monitoring import PROMETHEUS, panels
from tests.service.conftest import RunningService, free_port
from tests.service.conversation import connect, translate
from tests.support.speech import sample, silence

PAIR: dict[str, Any] = {"source_language": "pt", "target_language": "en"}
DATA_WITHIN_S = 120
EXPORTER = "prometheus-blackbox-exporter"
GROWING = (
    'sokuji_cloud_usage_total{stage="translation",provider="deepl",unit="characters"}',
    'sokuji_stage_failures_total{stage="tts",provider="piper",code="provider_failed"}',
    'sokuji_stage_fallbacks_total{stage="tts",provider="kokoro"}',
    'sokuji_translation_score_bucket{provider="nllb",le="0.8"}',
    'sokuji_translation_score_bucket{provider="nllb",le="+Inf"}',
)
STEADY = (
    'ray_node_gpus_utilization{GpuIndex="0"} 60',
    'ray_node_gram_used{GpuIndex="0"} 20000',
    'ray_node_gram_available{GpuIndex="0"} 4000',
    'ray_node_gpu_temperature_celsius{GpuIndex="0"} 61',
    'ray_node_gpu_power_milliwatts{GpuIndex="0"} 250000',
    'sokuji_gpu_memory_busy_ratio{gpu="GPU-0"} 0.4',
    'sokuji_gpu_slowed{gpu="GPU-0",reason="thermal"} 0',
    'sokuji_gpu_uncorrected_memory_errors{gpu="GPU-0"} 0',
    "probe_ssl_earliest_cert_expiry 9e9",
)
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not all(map(shutil.which, ("prometheus", EXPORTER))),
        reason=f"Debian's packages prometheus and {EXPORTER} are not installed",
    ),
]


@contextmanager
def page_of_others() -> Iterator[str]:
    """The address of the page; its counters grow by one each second."""
    began = time.monotonic()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            count = time.monotonic() - began
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write("\n".join([*STEADY, *(f"{name} {count}" for name in GROWING), ""]).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def config_for(service: RunningService, others: str, exporter: str) -> dict[str, Any]:
    """The project's config, with the addresses of this test, and a scrape each second."""
    text = (PROMETHEUS / "prometheus.yml").read_text().replace("blackbox:9115", exporter)
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / "rules" / "*.yml")]
    targets = {
        "gateway": [service.address, others],
        "ray": [f"127.0.0.1:{service.ray_metrics_port}", others],
        "readiness": [f"http://{service.address}/health/ready?source=pt&target=en"],
        "certificate": [others],
    }
    # Its own address is not known yet.
    config["scrape_configs"] = [each for each in config["scrape_configs"] if each["job_name"] != "prometheus"]
    for job in config["scrape_configs"]:
        job.pop("file_sd_configs", None)
        if job["job_name"] == "certificate":
            del job["relabel_configs"]
        job["static_configs"] = [{"targets": targets.pop(job["job_name"])}]
    assert not targets
    return config


@contextmanager
def running(program: str, *options: str, log: Path) -> Iterator[str]:
    """The address of a program, which runs."""
    own = f"127.0.0.1:{free_port()}"
    command = [program, f"--web.listen-address={own}", *options]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield own
        finally:
            process.terminate()


async def use(http: httpx.AsyncClient, socket_url: str) -> None:
    """A conversation at the pace of speech, one that is resumed, a bad message, refusals, REST calls."""
    pcm = silence(300) + sample("pt", "ola_mundo") + silence(1_000)
    frames = await translate(socket_url, 2 * pcm, speed=1, **PAIR)
    session_id = next(frame["session_id"] for frame in frames if frame["type"] == "ready")
    await translate(socket_url, pcm, **PAIR, session_id=session_id, resume_from_ms=0, resume_text="")
    async with connect(socket_url) as client:
        await client.say(type="config", **PAIR)
        await client.until("ready")
        await client.say(type="nonsense")
        await client.until("error")
    async with AsyncExitStack() as stack:
        for _ in range(Limits().ws_max_client_unopened + 1):
            last = await stack.enter_async_context(connect(socket_url))
        assert await last.closed() == 1013
    body = {"text": "Good morning.", "source_language": "en", "target_language": "pt"}
    assert (await http.post("/api/v1/translation/translate", json=body)).status_code == 200
    assert (await http.get("/v1/models")).status_code == 200


async def answers(client: httpx.AsyncClient, query: str) -> bool:
    """Whether a query returns a number."""
    # Of a second's scrapes there are enough in this time.
    query = query.replace("$__rate_interval", "15s")
    response = await client.get("/api/v1/query", params={"query": query})
    body = response.json()
    assert body["status"] == "success", (query, body)
    return any(not math.isnan(float(each["value"][1])) for each in body["data"]["result"])


async def test_the_query_of_every_panel_returns_data(
    service: RunningService, http: httpx.AsyncClient, socket_url: str, tmp_path: Path
) -> None:
    empty = {(title, query) for title, queries in panels() for query in queries}
    config = tmp_path / "prometheus.yml"
    storage = f"--storage.tsdb.path={tmp_path / 'data'}"
    blackbox = f"--config.file={PROMETHEUS / 'blackbox.yml'}"
    with (
        page_of_others() as others,
        running(EXPORTER, blackbox, log=tmp_path / "exporter.log") as exporter,
    ):
        config.write_text(yaml.safe_dump(config_for(service, others, exporter)))
        with running("prometheus", f"--config.file={config}", storage, log=tmp_path / "log") as own:
            async with httpx.AsyncClient(base_url=f"http://{own}", timeout=30) as client:
                give_up = time.monotonic() + DATA_WITHIN_S
                while empty and time.monotonic() < give_up:
                    await use(http, socket_url)
                    empty = {each for each in empty if not await answers(client, each[1])}
                targets = (await client.get("/api/v1/targets")).json()["data"]["activeTargets"]
                is_ready = await answers(client, 'probe_success{job="readiness"} == 1')
                alerts = await answers(client, 'ALERTS{alertname=~"SokujiNotScraped|SokujiUnready"}')
    assert {each["scrapePool"] for each in targets if each["health"] != "up"} == set(), targets
    assert (sorted(empty), is_ready, alerts) == ([], True, False)
