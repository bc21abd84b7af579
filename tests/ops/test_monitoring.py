"""Rules, dashboards and docs name what is measured, all of it, and nothing else; Prometheus accepts them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import ray
import yaml

from tests.ops.monitoring import GRAFANA, PROMETHEUS, ROOT, declared, named, panels, rules

ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"]: rule for rule in rules() if "record" in rule}
RULES_TEST = ROOT / "tests" / "ops" / "alerts.test.yml"
DOCS = {file.name: file.read_text() for file in (ROOT / "docs").glob("*.md")}
TABLE = {
    line.split("`")[1].partition("{")[0]
    for line in DOCS["monitoring.md"].splitlines()
    if line.startswith("| `sokuji_")
}
KPIS = DOCS["production-checklist.md"].partition("| the guide's KPI |")[2]
"""The rows of its table."""
QUERIES = [query for _, queries in panels() for query in queries]
IN_QUERIES = set().union(*(named(query) for query in [*QUERIES, *(rule["expr"] for rule in rules())]))
with_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="Debian's package prometheus is not installed"
)


def promtool(*arguments: str | Path) -> str:
    """What promtool prints; it must be content."""
    run = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def of_service(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith("sokuji_") and ":" not in name}


def test_every_metric_of_the_code_is_in_the_table_of_the_docs_and_the_reverse() -> None:
    assert declared() == TABLE


def test_every_metric_of_the_code_is_on_a_dashboard_or_in_a_rule_and_the_reverse() -> None:
    assert declared() == of_service(IN_QUERIES)


def test_docs_name_no_metric_that_does_not_exist() -> None:
    names = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for text in DOCS.values()
        for name in re.findall(r"(?<![:\w])sokuji_[a-z_]+(?![:\w])", text)
    }
    assert names <= declared()


def test_the_checklist_queries_metrics_that_are_in_the_table() -> None:
    queries = re.findall(r"`([^`]+)`", KPIS)
    names = of_service(set().union(*(named(query) for query in queries)))
    queried = {name.removesuffix("_bucket") for name in names}
    assert len(queried) >= 10
    assert queried <= TABLE


def test_every_recorded_value_is_used_and_the_reverse() -> None:
    used = {name for query in QUERIES for name in named(query) if ":" in name}
    used |= {name for rule in ALERTS.values() for name in named(rule["expr"]) if ":" in name}
    assert used == RECORDED.keys()


def test_names_of_ray_are_those_of_the_ray_that_is_installed() -> None:
    wanted = {name for name in IN_QUERIES if name.startswith("ray_") and ":" not in name}
    wanted |= set(re.findall(r"`(ray_[a-z_]+)`", DOCS["monitoring.md"] + KPIS))
    folder = Path(ray.__file__).parent
    sources = [*(folder / "serve").rglob("*.py"), folder / "dashboard/modules/reporter/reporter_agent.py"]
    quoted = {word for file in sources for word in re.findall(r'"(\w+)"', file.read_text())}
    unknown = {name for name in wanted if quoted.isdisjoint(known_as(name))}
    assert (bool(wanted), unknown) == (True, set())


def known_as(name: str) -> tuple[str, str]:
    """How Ray's source names a metric: without its prefix, and without the suffix that a counter gets."""
    bare = name.removeprefix("ray_")
    return bare, bare.removesuffix("_total")


def test_every_alert_has_a_section_of_the_runbook_and_the_reverse() -> None:
    sections = re.findall(r"^## (Sokuji\w+)$", DOCS["runbook.md"], re.MULTILINE)
    assert sorted(sections) == sorted(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_every_section_of_the_runbook_says_what_it_means_and_what_to_do() -> None:
    for section in re.split(r"^## (?=Sokuji)", DOCS["runbook.md"], flags=re.MULTILINE)[1:]:
        assert "**Means**" in section
        assert "**Do**" in section


def test_every_alert_is_tested() -> None:
    assert {name for name in ALERTS if not any(name_fits(name))} == set()


def name_fits(alert: str) -> Iterable[bool]:
    """Whether each pattern of names in the tests of the rules fits an alert."""
    text = RULES_TEST.read_text()
    patterns = re.findall(r"alertname: (\w+)", text)
    patterns += [each for group in re.findall(r'alertname=~"([^"]+)"', text) for each in group.split("|")]
    return (re.fullmatch(pattern, alert) is not None for pattern in patterns)


@with_promtool
def test_prometheus_accepts_the_config_and_the_rules() -> None:
    assert "is valid prometheus config" in promtool("check", "config", PROMETHEUS / "prometheus.yml")
    promtool("check", "rules", *sorted((PROMETHEUS / "rules").glob("*.yml")))


@with_promtool
def test_alerts_fire_on_what_they_are_for_and_on_nothing_else() -> None:
    assert "SUCCESS" in promtool("test", "rules", RULES_TEST)


def test_the_compose_file_mounts_dashboards_where_they_are_looked_for() -> None:
    compose = yaml.safe_load((ROOT / "ops" / "compose" / "docker-compose.monitoring.yml").read_text())
    mounted = [each.split(":")[:2] for each in compose["services"]["grafana"]["volumes"]]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/sokuji.yml").read_text())["providers"]
    assert ["../grafana/dashboards", provider["options"]["path"]] in mounted
    assert ["../grafana/provisioning", "/etc/grafana/provisioning"] in mounted


def test_dashboards_are_provisioned_with_the_data_source_that_they_name() -> None:
    folder = GRAFANA / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    dashboards = [json.loads(file.read_text()) for file in (GRAFANA / "dashboards").glob("*.json")]
    assert len({each["uid"] for each in dashboards}) == len(dashboards) == 2
    for dashboard in dashboards:
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(ids)) == len(ids)
        for panel in dashboard["panels"]:
            assert panel["type"] == "row" or panel["datasource"]["uid"] == source["uid"]
