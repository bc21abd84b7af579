"""The log files of a replica as Ray Serve writes them: JSON with ids, rotated, read by a log shipper."""

import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path

import pytest
from ray.serve._private.common import ServeComponentType
from ray.serve._private.logging_utils import configure_component_logger
from ray.serve.schema import LoggingConfig

from deployments import logs
from launcher.environment import serve_variables
from sokuji.telemetry.call_ids import CallIds, bound

ROOT = Path(__file__).parents[2]
SHIPPER = ROOT / "ops" / "logs" / "rsyslog.conf"
IDS = CallIds(request_id="r1", session_id="s1", segment_id=3)


@contextmanager
def replica_log(folder: Path, max_bytes: int, backup_count: int) -> Iterator[logging.Logger]:
    """The engine's log in a replica, with the config of docs/debugging.md."""
    configure_component_logger(
        component_name="Gateway",
        component_id="abc",
        component_type=ServeComponentType.REPLICA,
        logging_config=LoggingConfig(encoding="JSON", logs_dir=str(folder), enable_access_log=False),
        max_bytes=max_bytes,
        backup_count=backup_count,
    )
    logs.write_to_serve_log()
    handlers = list(logging.getLogger("ray.serve").handlers)
    try:
        yield logging.getLogger("sokuji.tests")
    finally:
        for handler in handlers:
            file = handler.target if isinstance(handler, MemoryHandler) else None
            handler.close()
            if file is not None:
                file.close()


def test_the_files_are_json_with_ids_and_are_rotated(tmp_path: Path) -> None:
    with replica_log(tmp_path, max_bytes=4_000, backup_count=2) as log, bound(IDS):
        for number in range(100):
            log.info("record %d", number)
    (current,) = tmp_path.glob("*.log")
    files = [tmp_path / f"{current.name}.2", tmp_path / f"{current.name}.1", current]
    assert set(files) == set(tmp_path.iterdir())
    assert all(file.stat().st_size <= 4_000 for file in files)
    records = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [record["message"] for record in records][-1] == "record 99"
    assert len(records) < 100
    for record in records:
        assert {name: record[name] for name in ("request_id", "session_id", "segment_id")} == dict(
            IDS.items()
        )
        assert (record["deployment"], record["replica"], record["levelname"]) == ("Gateway", "abc", "INFO")


def test_rays_processes_are_told_to_keep_small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_ROTATION_MAX_BYTES", "RAY_ROTATION_BACKUP_COUNT"):
        monkeypatch.delenv(name, raising=False)
    ours = serve_variables()
    files_of_a_process = int(ours["RAY_ROTATION_BACKUP_COUNT"]) + 1
    assert int(ours["RAY_ROTATION_MAX_BYTES"]) * files_of_a_process <= 2**27
    for path in ("cluster/environment.sh", "compose/docker-compose.prod.yml", "kuberay/rayservice.yaml"):
        text = (ROOT / "ops" / path).read_text()
        for name in ("RAY_ROTATION_MAX_BYTES", "RAY_ROTATION_BACKUP_COUNT"):
            assert re.search(rf'^\W*(export )?{name}(=|: "){ours[name]}"?$', text, re.MULTILINE), path


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="rsyslog is not installed (apt install rsyslog)")
async def test_rsyslog_ships_every_record_of_a_file_that_is_rotated_meanwhile(tmp_path: Path) -> None:
    folder, work = tmp_path / "log", tmp_path / "work"
    work.mkdir()
    folder.mkdir()
    shipped: list[bytes] = []
    complete = asyncio.Event()

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            shipped.append(line)
            if b"record 59" in line:
                complete.set()
        writer.close()

    async with await asyncio.start_server(collect, "127.0.0.1", 0) as collector:
        config = tmp_path / "rsyslog.conf"
        text = SHIPPER.read_text()
        for documented, here in (
            ("/var/spool/rsyslog", str(work)),
            ("/var/log/sokuji", str(folder)),
            ("collector.example.com", "127.0.0.1"),
            ("5170", str(collector.sockets[0].getsockname()[1])),
        ):
            assert documented in text
            text = text.replace(documented, here)
        config.write_text(text)
        command = ["rsyslogd", "-n", "-f", str(config), "-i", str(tmp_path / "pid")]
        checked = await asyncio.to_thread(
            subprocess.run, [*command, "-N1"], env=os.environ, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        shipper = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
        try:
            with replica_log(folder, max_bytes=8_000, backup_count=5) as log, bound(IDS):
                for number in range(60):
                    log.info("record %d", number)
                    await asyncio.sleep(0.02)
                async with asyncio.timeout(30):
                    await complete.wait()
        finally:
            shipper.terminate()
            await shipper.wait()
    assert len(list(folder.iterdir())) > 1
    records = [json.loads(line) for line in shipped]
    assert [record["message"] for record in records] == [f"record {number}" for number in range(60)]
    assert {record["session_id"] for record in records} == {"s1"}
