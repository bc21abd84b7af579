"""Which runs a command line asks for, and how a talk is put together."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
import typer

from load_tests.scenarios.options import gateway_settings
from load_tests.scenarios.quality_runs import runs
from load_tests.scenarios.speech_samples import SpeechSample
from load_tests.scenarios.talk import RUN, composed
from sokuji.measure.samples import PAUSE_MS, SHORT_PAUSE_MS

SAMPLES = [SpeechSample("pt", bytes(2 * 16 * 1_000), str(number)) for number in range(RUN + 1)]


def test_all_combinations_are_measured_and_a_setting_changes_as_rarely_as_possible() -> None:
    settings = gateway_settings("streaming.run_on_ms=3000,6000")
    planned = runs(["pt"], ["recordings", "run-on"], ["auto", ""], settings)
    assert [each.label for each in planned[:4]] == [
        "recordings, auto, run_on_ms=3000", "recordings, run_on_ms=3000",
        "run-on, auto, run_on_ms=3000", "run-on, run_on_ms=3000",
    ]  # fmt: skip
    assert [each.setting for each in planned] == [settings[0]] * 4 + [settings[1]] * 4
    assert [each.label for each in runs(["pt"], ["short"], [""], [])] == ["short"]


@pytest.mark.parametrize(
    "text", ["run_on_ms=1", "streaming.run_on_ms=-5", "streaming.run_on=5", "streaming.run_on_ms=x"]
)
def test_a_setting_that_the_gateway_does_not_accept_is_a_wrong_command_line(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no setting of the Gateway"):
        gateway_settings(text)


def test_in_a_run_on_talk_only_every_third_sentence_is_followed_by_a_pause() -> None:
    def gaps_ms(spans_ms: Sequence[tuple[int, int]]) -> list[int]:
        return [after[0] - before[1] for before, after in pairwise(spans_ms)]

    assert gaps_ms(composed(SAMPLES, "short").spans_ms) == [PAUSE_MS] * RUN
    run_on = composed(SAMPLES, "run-on")
    assert gaps_ms(run_on.spans_ms) == [SHORT_PAUSE_MS] * (RUN - 1) + [PAUSE_MS]
    assert run_on.sentences == [sample.text for sample in SAMPLES]
