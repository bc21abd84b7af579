"""The results of the scaling tests as tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from load_tests.cluster.fault_runs import FaultRun
from load_tests.cluster.scaling_runs import IdleRun, LoadRun
from load_tests.cluster.spread_runs import SpreadRun
from load_tests.measurements.heard_words import UsersReport
from load_tests.reports.report import known

USERS: Sequence[str] = (
    *("sessions", "words said", "lost", "doubled", "unspoken", "out of order"),
    *("resumed", "errors", "longest silence"),
)


def tables(runs: Sequence[LoadRun | IdleRun | SpreadRun | FaultRun]) -> list[str]:
    """The tables of the runs of one scenario."""
    found: list[str] = []
    for run in runs:
        if isinstance(run, LoadRun):
            found += load_tables(run)
        elif isinstance(run, IdleRun):
            found += idle_tables(run)
    if spread := [run for run in runs if isinstance(run, SpreadRun)]:
        found.append(spread_table(spread))
    if faults := [run for run in runs if isinstance(run, FaultRun)]:
        found.append(fault_table(faults))
    return found


def load_tables(run: LoadRun) -> list[str]:
    """How the replicas followed the load, what users heard, and which replica was called."""
    scaled = [
        (
            each.deployment,
            f"{each.before} → {each.most} → {each.after}",
            known(each.up_after_s, "{:.0f} s"),
            known(each.down_after_s, "{:.0f} s"),
        )
        for each in run.deployments
    ]
    return [
        markdown(("deployment", "replicas", "up after", "down after"), scaled),
        markdown((*USERS, "refused and tried again"), [(*_users(run.users), str(run.refusals))]),
        markdown(("replica of SpeechToText", "calls"), _calls(run.calls)),
    ]


def idle_tables(run: IdleRun) -> list[str]:
    """Stages that scale to zero, and what the first user heard."""
    stages = [
        (stage, f"{run.asleep[stage]} → {run.awake[stage]} → {run.asleep_again[stage]}")
        for stage in run.asleep
    ]
    users = (*_users(run.users), known(run.first_voice_s, "{:.1f} s"))
    return [markdown(("deployment", "replicas"), stages), markdown((*USERS, "first voice after"), [users])]


def spread_table(runs: Iterable[SpreadRun]) -> str:
    """The calls of each replica."""
    rows = [
        (
            each.strategy,
            each.gateway,
            ", ".join(f"{calls} ({replica.partition(' on ')[2]})" for replica, calls in each.calls.items()),
            f"{each.users.words.lost} of {each.users.words.said}",
        )
        for each in runs
    ]
    return markdown(("strategy", "gateway", "calls of each recogniser (its node)", "words lost"), rows)


def fault_table(runs: Iterable[FaultRun]) -> str:
    """What users heard of each fault."""
    rows = [(each.fault, *_users(each.users), known(each.repaired_s, "{:.0f} s")) for each in runs]
    return markdown(("fault", *USERS, "repaired after"), rows)


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text, and whose others are numbers."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _users(users: UsersReport) -> tuple[str, ...]:
    words = users.words
    counts = (len(users.sessions), words.said, words.lost, words.doubled, users.unspoken, users.out_of_order)
    return (*map(str, (*counts, users.resumptions, users.errors)), f"{users.longest_silence_s:.1f} s")


def _calls(calls: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(replica, str(count)) for replica, count in sorted(calls.items())]
