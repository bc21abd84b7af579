"""What the profiler says where it cannot profile; tests/service has the real service."""

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from launcher import profiling
from launcher.profiling import ProfilingFailed, profile_memory, profile_time

NOBODY = "http://127.0.0.1:9"
"""Nobody listens on the discard port."""


def replica(deployment: str, replica_id: str, state: str = "RUNNING") -> dict[str, object]:
    return {
        "replica_id": replica_id,
        "actor_name": f"SERVE_REPLICA::sokuji#{deployment}#{replica_id}",
        "state": state,
        "node_ip": "192.0.2.7",
        "pid": os.getpid(),
    }


INSTANCE = {
    "applications": {
        "sokuji": {
            "name": "sokuji",
            "deployments": {
                "SpeechToText": {
                    "name": "SpeechToText",
                    "replicas": [
                        replica("SpeechToText", "starts", "STARTING"),
                        replica("SpeechToText", "one"),
                        replica("SpeechToText", "two"),
                    ],
                },
                "Gateway": {"name": "Gateway", "replicas": [replica("Gateway", "only")]},
            },
        }
    }
}


@pytest.fixture
def dashboard() -> Iterator[str]:
    """The address of a dashboard that shows ``INSTANCE``."""

    class Dashboard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(INSTANCE).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Dashboard) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_without_a_service_the_error_says_where_none_was_found(tmp_path: Path) -> None:
    with pytest.raises(
        ProfilingFailed, match=re.escape(f"no service: Ray's dashboard does not respond at {NOBODY}")
    ):
        profile_time(NOBODY, "SpeechToText", 1, tmp_path / "profile.svg")
    with pytest.raises(ProfilingFailed, match="no service"):
        profile_memory(NOBODY, "SpeechToText", 1, tmp_path / "memory.txt")


def test_an_unknown_replica_is_refused_with_the_names_of_those_that_run(
    dashboard: str, tmp_path: Path
) -> None:
    running = "running: Gateway#only, SpeechToText#one, SpeechToText#two$"
    with pytest.raises(ProfilingFailed, match=f"no replica 'Speech' is running; {running}"):
        profile_time(dashboard, "Speech", 1, tmp_path / "profile.svg")
    with pytest.raises(ProfilingFailed, match=f"no replica 'SpeechToText#starts' is running; {running}"):
        profile_memory(dashboard, "SpeechToText#starts", 1, tmp_path / "memory.txt")


async def test_a_deployment_means_its_first_replica_and_each_can_be_named(dashboard: str) -> None:
    assert (await profiling.find(dashboard, "SpeechToText")).name == "SpeechToText#one"
    assert (await profiling.find(dashboard, "SpeechToText#two")).name == "SpeechToText#two"


def test_a_process_that_is_not_the_replicas_is_not_profiled(dashboard: str, tmp_path: Path) -> None:
    with pytest.raises(
        ProfilingFailed, match=rf"SpeechToText#one is process {os.getpid()} on node 192\.0\.2\.7"
    ):
        profile_time(dashboard, "SpeechToText", 1, tmp_path / "profile.svg")


def test_a_suffix_without_a_format_is_refused_before_anything_is_sampled(tmp_path: Path) -> None:
    with pytest.raises(ProfilingFailed, match=r"has to end in \.svg, \.json, \.txt, \.pstats"):
        profile_time(NOBODY, "SpeechToText", 1, tmp_path / "profile.html")


def test_py_spy_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ProfilingFailed, match="py-spy is not installed"):
        profiling.py_spy_command(1, 1, "raw", tmp_path / "samples", ())
