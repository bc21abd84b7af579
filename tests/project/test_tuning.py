"""docs/tuning.md against the code: every knob of the guide is there, takes what stands there, and is proved.

The proof of a knob is a test that is marked ``knob`` with the setting as the table has it. It shows that the
setting changes what the service does; ``tests.support.knobs`` fails it otherwise. Here it is checked that
each knob has one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from graphs.speech_translation import GraphArgs
from sokuji.config import (
    FIELD_VARIABLES,
    LIVE,
    PROVIDER_CONFIGS,
    PROXY_VARIABLES,
    AdmissionSettings,
    DebugSettings,
    GatewaySettings,
    GrpcSettings,
    NllbConfig,
    Settings,
)
from sokuji.config.variables import GATEWAY_FIELD_VARIABLES, REFUSED_VARIABLES
from tests.support.knobs import Knobs, homes

ROOT = Path(__file__).parents[2]
GUIDE = set(
    re.findall(
        r"\w+",
        """
        STT_PROVIDER MODEL_SIZE DEVICE COMPUTE_TYPE BEAM_SIZE BEST_OF TEMPERATURE VAD_FILTER VAD_THRESHOLD
        BATCH_SIZE NUM_WORKERS AZURE_SPEECH_KEY
        TRANSLATION_PROVIDER TRANSLATION_MODEL MAX_LENGTH NUM_BEAMS PRECISION LENGTH_PENALTY MAX_BATCH_SIZE
        USE_ONNX ONNX_PROVIDERS DEEPL_API_KEY
        TTS_PROVIDER TTS_MODEL SAMPLE_RATE AUDIO_FORMAT ELEVENLABS_API_KEY
        LOAD_BALANCE_STRATEGY HEALTH_CHECK_INTERVAL CIRCUIT_BREAKER_THRESHOLD
        GRPC_MAX_MESSAGE_LENGTH GRPC_KEEPALIVE_TIME GRPC_KEEPALIVE_TIMEOUT GRPC_KEEPALIVE_PERMIT
        GRPC_HTTP2_MAX_PINGS
        WS_MAX_MESSAGE_SIZE WS_PING_INTERVAL WS_PING_TIMEOUT WS_MAX_CONNECTIONS WS_COMPRESSION
        """,
    )
)
"""All variables of the original performance tuning guide."""
NEEDS: dict[str, dict[str, Any]] = {
    "translation.nllb.onnx_providers": {"use_onnx": True},
    "translation.vllm.max_length": {"max_model_len": 10_000},
    **{
        f"gateway.grpc.{field}": {"address": "127.0.0.1:50051"}
        for field in GrpcSettings.model_fields
        if field != "address"
    },
}
"""Other settings without which one is refused."""


@dataclass(frozen=True)
class Row:
    guide: str
    setting: str
    accepted: str
    change: str

    @property
    def knob(self) -> str:
        """How its proof names it."""
        return self.guide if self.setting == "environment" else self.setting


def rows() -> Iterator[Row]:
    for line in (ROOT / "docs" / "tuning.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`"):
            yield Row(cells[0].strip("`"), cells[1].strip("`"), cells[3], cells[4])


ROWS = list(rows())


def each(rows: Iterable[Row]) -> pytest.MarkDecorator:
    """Parametrizes a test over rows of the table."""
    return pytest.mark.parametrize("row", list(rows), ids=lambda row: f"{row.guide}-{row.knob}")


def takes(row: Row, value: Any) -> bool:
    """Whether each of its homes takes a value; all must agree."""
    found = set()
    for kind, field in homes(row.setting):
        try:
            kind.model_validate({**NEEDS.get(row.setting, {}), field: value})
            found.add(True)
        except ValidationError:
            found.add(False)
    (taken,) = found
    return taken


def proofs() -> Iterator[tuple[str, ast.AsyncFunctionDef | ast.FunctionDef]]:
    """Setting and test of every marker ``knob``, but for the tests that ``make test`` leaves out."""
    apart = {path for folder in ("llm", "pocket_tts") for path in (ROOT / "tests" / folder).iterdir()}
    for path in sorted(set((ROOT / "tests").rglob("test_*.py")) - apart):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)) if "mark.knob" in source else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.knob":
                        yield from ((str(ast.literal_eval(argument)), node) for argument in mark.args)


PROOFS = list(proofs())


def test_the_settings_of_admission_and_recordings_are_listed_with_their_defaults() -> None:
    listed = {}
    for line in (ROOT / "docs" / "tuning.md").read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("gateway."):
            section, name = cells[0].removeprefix("gateway.").split(".")
            listed[section, name] = cells[3]
            default = getattr(getattr(GatewaySettings(), section), name)
            assert cells[3] == str(default).lower(), name
    for kind, owner in (("admission", AdmissionSettings), ("debug", DebugSettings)):
        assert {name for section, name in listed if section == kind} == owner.model_fields.keys()


def test_every_variable_of_the_guide_is_a_row_or_refused_by_name() -> None:
    assert {row.guide for row in ROWS} | set(PROXY_VARIABLES) | set(REFUSED_VARIABLES) == GUIDE


@each(ROWS)
def test_a_setting_exists_and_changes_as_the_table_says(row: Row) -> None:
    if row.setting == "environment":
        assert row.change == "replica"
        return
    for kind, field in homes(row.setting):
        live = (kind.model_fields[field].json_schema_extra or {}) == LIVE
        if issubclass(kind, GraphArgs):
            expected = "replica"
        else:
            expected = "live" if live or row.setting.startswith("gateway.") else "model"
        assert row.change == expected, kind


@each(ROWS)
def test_the_guides_variable_sets_it(row: Row) -> None:
    path, _, field = row.setting.rpartition(".")
    if path.startswith("gateway"):
        assert GATEWAY_FIELD_VARIABLES[row.setting.removeprefix("gateway.")] == row.guide
    elif path and path != "args":
        assert FIELD_VARIABLES[field] == row.guide


SPAN = re.compile(r"(0, )?([\d.]+) to ([\d.]+)")
NAMES = re.compile(r"`[^`]+`(, `[^`]+`)+")


@each(row for row in ROWS if SPAN.fullmatch(row.accepted))
def test_a_number_goes_as_far_as_the_table_says(row: Row) -> None:
    span = SPAN.fullmatch(row.accepted)
    assert span
    least, most = float(span[2]), float(span[3])
    assert [takes(row, value) for value in (least - 1, least, most, most + 1)] == [False, True, True, False]
    assert takes(row, 0) is (span[1] is not None or least == 0)


@each(row for row in ROWS if NAMES.fullmatch(row.accepted))
def test_the_names_in_the_table_are_those_that_are_taken(row: Row) -> None:
    names = [*re.findall("`([^`]+)`", row.accepted), "nonsense"]
    is_list = row.setting in ("args.stt", "args.translation", "args.tts")
    assert [name for name in names if takes(row, [name] if is_list else name)] == names[:-1]


@each(row for row in ROWS if row.accepted == "true, false")
def test_a_switch_is_on_or_off(row: Row) -> None:
    assert [takes(row, value) for value in (True, False, "perhaps")] == [True, True, False]


@pytest.mark.parametrize("stage", ["stt", "translation", "tts"])
def test_all_providers_of_a_stage_are_named(stage: str) -> None:
    (row,) = [row for row in ROWS if row.setting == f"args.{stage}"]
    assert re.findall(r"`(\w+)`", row.accepted) == list(PROVIDER_CONFIGS[stage])


def test_every_knob_has_a_test_that_shows_that_it_changes_something() -> None:
    proved = {setting for setting, _ in PROOFS}
    assert [row.knob for row in ROWS if row.knob not in proved] == []
    assert proved <= {row.knob for row in ROWS}


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: f"{proof[0]}-{proof[1].name}")
def test_the_test_of_a_knob_always_runs_and_reports_what_it_observes(proof: Any) -> None:
    _, test = proof
    marks = [ast.unparse(mark) for mark in test.decorator_list]
    assert test.name.startswith("test_")
    assert not [mark for mark in marks if "skip" in mark or "xfail" in mark]
    assert "knob" in {argument.arg for argument in test.args.args}, f"{test.name} takes no fixture knob"


SETTING = "translation.nllb.num_beams"


def observed(*reports: tuple[NllbConfig, str]) -> Knobs:
    knobs = Knobs((SETTING,))
    for effective, text in reports:
        knobs.observe(SETTING, effective, text)
    return knobs


def test_a_knob_is_proved_by_different_observations_with_different_values() -> None:
    one, two = NllbConfig(num_beams=1), NllbConfig(num_beams=2)
    observed((one, "a"), (two, "b")).check()
    for reports in (
        (),
        ((one, "a"),),
        ((one, "a"), (one, "b")),
        ((one, "a"), (two, "a")),
        ((one, "a"), (NllbConfig(num_beams=1, max_length=9), "b")),
    ):
        with pytest.raises(AssertionError, match=SETTING):
            observed(*reports).check()


def test_a_report_must_be_of_the_setting_and_with_settings_that_have_it() -> None:
    with pytest.raises(AssertionError, match="is no field of GatewaySettings"):
        Knobs((SETTING,)).observe(SETTING, GatewaySettings(), "a")
    with pytest.raises(AssertionError, match="is not marked with"):
        Knobs(()).observe(SETTING, NllbConfig(), "a")


def test_a_marker_alone_is_no_proof(tmp_path: Path) -> None:
    test = tmp_path / "test_marked.py"
    test.write_text(
        "import pytest\n\n"
        f"@pytest.mark.knob({SETTING!r})\ndef test_marked():\n    pass\n\n"
        "def test_plain():\n    pass\n"
    )
    options = ["-q", "-p", "no:audioeval", "-p", "tests.support.knobs", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "2 passed" in run.stdout
    assert "1 error" in run.stdout
    assert f"{SETTING}: observed with one value only, []" in run.stdout


def test_every_setting_of_a_provider_that_the_guide_names_has_a_row() -> None:
    known = {(kind, field) for row in ROWS if "." in row.setting for kind, field in homes(row.setting)}
    kinds: list[type[Settings]] = [kind for table in PROVIDER_CONFIGS.values() for kind in table.values()]
    missing = [
        (kind.__name__, field)
        for kind in kinds
        for field, name in FIELD_VARIABLES.items()
        if field in kind.model_fields and name in GUIDE and (kind, field) not in known
    ]
    assert missing == []
