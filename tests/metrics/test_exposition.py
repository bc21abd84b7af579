"""One page has the metrics of several processes, and Prometheus' own tool finds nothing wrong with it."""

import shutil
import subprocess

import pytest
from prometheus_client import Metric

from sokuji.contract import Effort
from sokuji.metrics import stages
from sokuji.metrics.exposition import collected, exposition, parsed
from tests.support.metrics_page import total

EFFORT = Effort(queued_s=0.1, busy_s=0.2, batch_size=3)


def page(replica: str) -> list[Metric]:
    return collected(labels={"deployment": "Gateway", "replica": replica})


def test_the_samples_of_two_replicas_stand_beside_each_other_and_sums_stay_exact() -> None:
    stages.record_response("stt", "two-replicas", 0.3, EFFORT, "final")
    stages.record_failure("stt", "two-replicas", "overloaded")
    first = list(parsed(exposition(page("a")).decode()))
    text = exposition([*page("b"), *first]).decode()
    assert text.count("# TYPE sokuji_stage_batch_size histogram") == 1
    labels = {"provider": "two-replicas", "deployment": "Gateway"}
    for replica in ("a", "b"):
        here = labels | {"replica": replica}
        assert total(text, "sokuji_stage_batch_size_sum", **here) == 3
        assert total(text, "sokuji_stage_failures_total", **here) == 1
    assert total(text, "sokuji_stage_seconds_count", **labels) == 2


def test_times_of_creation_and_metrics_without_samples_are_left_out() -> None:
    stages.record_failure("stt", "created", "overloaded")
    text = exposition(collected()).decode()
    assert "sokuji_stage_failures_total" in text
    assert "_created" not in text
    assert all(family.samples for family in collected())


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's package prometheus is not installed")
def test_names_types_and_help_are_as_prometheus_wants_them() -> None:
    stages.record_response("stt", "linted", 0.3, EFFORT, "final")
    stages.record_failure("stt", "linted", "overloaded")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition(page("a")), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
