"""What the benchmark computes: stages from the gateway's metrics, use of the machine, tables and plot."""

from io import StringIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from rich.console import Console
from typer.testing import CliRunner

from load_tests.benchmark import app
from load_tests.measurements.load_level import LoadLevel
from load_tests.measurements.service_load import (
    MeasuredLevel,
    ProcessUsage,
    cpu_seconds,
    memory_mib,
    spent,
    undersampled,
    usage,
)
from load_tests.measurements.stage_times import DurationSummary, Histogram, StageTimes, between, parse_metrics
from load_tests.reports.benchmark_tables import tables
from load_tests.reports.plots import latency_png
from load_tests.scenarios.service import CONTROLLER, PROXY, REST, ServiceProcess, role
from sokuji.measure.latency import LATENCY_POINTS, Percentiles

METRICS = """
# HELP sokuji_stage_seconds A call as the gateway sees it.
# TYPE sokuji_stage_seconds histogram
sokuji_stage_seconds_bucket{{stage="tts",provider="piper",kind="",le="0.1"}} {tts}
sokuji_stage_seconds_bucket{{stage="tts",provider="piper",kind="",le="+Inf"}} {tts}
sokuji_stage_seconds_count{{stage="tts",provider="piper",kind=""}} {tts}
sokuji_stage_seconds_sum{{stage="tts",provider="piper",kind=""}} 0.5
sokuji_stage_seconds_bucket{{stage="stt",provider="faster_whisper",kind="final",le="0.1"}} {quick}
sokuji_stage_seconds_bucket{{stage="stt",provider="faster_whisper",kind="final",le="0.2"}} {all}
sokuji_stage_seconds_bucket{{stage="stt",provider="faster_whisper",kind="final",le="+Inf"}} {all}
sokuji_stage_seconds_count{{stage="stt",provider="faster_whisper",kind="final"}} {all}
sokuji_stage_seconds_sum{{stage="stt",provider="faster_whisper",kind="final"}} {seconds}
# TYPE sokuji_stage_queue_seconds histogram
sokuji_stage_queue_seconds_bucket{{stage="stt",provider="faster_whisper",le="0.1"}} {all}
sokuji_stage_queue_seconds_bucket{{stage="stt",provider="faster_whisper",le="+Inf"}} {all}
sokuji_stage_queue_seconds_count{{stage="stt",provider="faster_whisper"}} {all}
sokuji_stage_queue_seconds_sum{{stage="stt",provider="faster_whisper"}} 0
# TYPE sokuji_stage_batch_size histogram
sokuji_stage_batch_size_bucket{{stage="stt",provider="faster_whisper",le="+Inf"}} {all}
sokuji_stage_batch_size_count{{stage="stt",provider="faster_whisper"}} {all}
sokuji_stage_batch_size_sum{{stage="stt",provider="faster_whisper"}} {sizes}
# TYPE process_cpu_seconds counter
process_cpu_seconds_total 12.5
"""
BEFORE = METRICS.format(tts=5, quick=10, all=10, seconds=0.5, sizes=10)
AFTER = METRICS.format(tts=5, quick=12, all=18, seconds=1.7, sizes=34)


def test_stage_times_are_those_between_two_readings() -> None:
    assert between(parse_metrics(BEFORE), parse_metrics(AFTER)) == [
        StageTimes(
            stage="stt",
            provider="faster_whisper",
            # Two calls took up to 100 ms and six 100 to 200 ms: the fourth is the second of those six.
            calls={"final": DurationSummary(count=8, mean=150.0, p50=133.3, p95=193.3)},
            queue=DurationSummary(count=8, mean=0.0, p50=50.0, p95=95.0),
            busy=None,
            batch_size=3.0,
        )
    ]


def test_stages_come_in_the_order_of_the_work() -> None:
    found = between({}, parse_metrics(AFTER))
    assert found is not None
    assert [each.stage for each in found] == ["stt", "tts"]


def test_metrics_of_another_process_are_no_difference() -> None:
    assert between(parse_metrics(AFTER), parse_metrics(BEFORE)) is None
    assert between(parse_metrics(BEFORE), {}) is None


def test_a_value_beyond_the_last_bound_counts_as_that_bound() -> None:
    assert Histogram(100, {0.5: 1, float("inf"): 10}).quantile(0.95) == 0.5
    assert Histogram(1, {0.5: 0, 1: 4, float("inf"): 4}).quantile(0.5) == 0.75


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("ray::ServeReplica:sokuji:Gateway", "Gateway"),
        ("ray::ServeReplica:sokuji:TextToSpeechKokoro.check_health", "TextToSpeechKokoro"),
        ("ray::ProxyActor.receive_asgi_messages", PROXY),
        ("/opt/bin/haproxy -f haproxy.cfg", PROXY),
        ("ray::ServeController.listen_for_change", CONTROLLER),
        ("ray::IDLE", REST),
        ("/opt/ray/core/src/ray/raylet/raylet --session haproxy", REST),
    ],
)
def test_a_process_is_known_by_its_title(title: str, name: str) -> None:
    assert role(title) == name


def test_processor_time_is_added_up_by_deployment_with_new_processes_from_their_beginning() -> None:
    here = psutil.Process()
    parent = psutil.Process(1)
    assert here != parent
    before = {ServiceProcess("SpeechToText", here): 10.0}
    after = {
        ServiceProcess("SpeechToText", here): 14.0,
        ServiceProcess(REST, parent): 1.0,
        ServiceProcess("Gateway", parent): 2.0,
    }
    found = spent(before, after)
    assert list(found.items()) == [("Gateway", 2.0), ("SpeechToText", 4.0), (REST, 1.0)]
    taken = usage(found, {"SpeechToText": 300.04}, seconds=10, cores=2)
    assert taken["SpeechToText"] == ProcessUsage(cpu_s=4.0, cpu_share=0.2, memory_mib=300.0)
    assert taken["Gateway"] == ProcessUsage(cpu_s=2.0, cpu_share=0.1, memory_mib=0.0)


def test_this_process_has_computed_and_holds_memory() -> None:
    here = ServiceProcess("Gateway", psutil.Process())
    assert cpu_seconds([here])[here] > 0
    assert memory_mib([here])["Gateway"] > 10


@pytest.mark.parametrize("count", [1, 2, 3, 20, 21, 100, 101])
def test_percentiles_between_the_two_largest_values_are_told(count: int) -> None:
    values = np.arange(count)
    few = [name for name in ("p50", "p95", "p99") if np.percentile(values, int(name[1:])) > count - 2]
    assert undersampled(count) == few


def measured(sessions: int, *, received: int) -> MeasuredLevel:
    waits = Percentiles(received, 1_234.5, 2_345.6, 13_456.7)
    return MeasuredLevel(
        level=LoadLevel(
            sessions=sessions, sent=1_200, received=received, lost=1_200 - received, out_of_order=0,
            resumptions=0, in_real_time=sessions, behind_ms=12.5, errors={"timeout": 12},
            latency_ms=dict.fromkeys(LATENCY_POINTS, waits) if received else {},
        ),
        seconds=61.5,
        client_cpu_share=0.1,
        stages=between(parse_metrics(BEFORE), parse_metrics(AFTER)) if received else None,
        usage={
            "TextToSpeechKokoro": ProcessUsage(1_234.5, 0.5, 12_345.0),
            REST: ProcessUsage(1.0, 0.25, 100.0),
        },
    )  # fmt: skip


def shown(*found: MeasuredLevel) -> list[str]:
    terminal = StringIO()
    console = Console(width=120, file=terminal)
    for each in tables(found):
        console.print(each)
    return terminal.getvalue().splitlines()


def test_the_tables_fit_a_terminal_and_say_what_rests_on_few_values() -> None:
    lines = shown(measured(8, received=1_200), measured(128, received=50))
    assert max(map(len, lines)) <= 120
    assert not any("…" in line for line in lines)
    rows = [line.split() for line in lines]
    assert ["p99"] + ["13,457"] * 5 in rows
    assert ["p99"] + ["13,457~"] * 5 in rows
    assert any("~ lies between the two slowest" in line for line in lines)
    assert any(line.split()[4:] == ["8", "133", "/", "193", "50", "/", "95", "-", "3.00"] for line in lines)
    assert ["all", "1,235.5", "75.0%", "12,445"] in rows


def test_what_is_not_known_is_a_dash() -> None:
    lines = shown(measured(1, received=0))
    assert ["p95"] + ["-"] * 5 in [line.split() for line in lines]
    assert ["1"] + ["-"] * 8 in [line.split() for line in lines]


def test_a_report_holds_level_stages_and_use() -> None:
    report = measured(8, received=50).report()
    assert (report["sessions"], report["error_rate"], report["percentiles_of_few"]) == (8, 0.01, ["p99"])
    assert report["latency_ms"]["caption"]["p95"] == 2_345.6
    assert report["stages"][0]["calls"]["final"]["count"] == 8
    assert report["usage"][REST]["cpu_s"] == 1.0


def test_the_plot_is_a_picture_even_of_a_level_without_answers(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    latency_png([measured(count, received=60 * (count < 4)).level for count in (1, 2, 4)], "pt to en", path)
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24])) == (1_350, 750)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--speech", "long"), "recordings, short"),
        (("--speech", "short", "--duration", "30"), "--duration and --run-on are for --speech recordings"),
        (("--speech", "short", "--run-on", "2"), "--duration and --run-on are for --speech recordings"),
    ],
)
def test_options_of_other_speech_are_refused(options: tuple[str, ...], message: str) -> None:
    done = CliRunner().invoke(app, options, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert message in done.output
