"""When a number of replicas was reached."""

from collections import Counter

from load_tests.cluster.replica_timeline import ReplicaTimeline


def test_changes_are_kept_and_the_first_time_of_a_number_is_found() -> None:
    timeline = ReplicaTimeline()
    for count in (1, 1, 3, 3, 1):
        timeline.note(Counter({"SpeechToText": count}))
    assert [counts["SpeechToText"] for _, counts in timeline.changes] == [1, 3, 1]
    timeline.changes = [(0.0, Counter(a=1)), (5.0, Counter(a=3)), (20.0, Counter(a=1))]
    assert timeline.most("a") == 3
    assert timeline.most("a", since_s=10) == 1
    assert timeline.reached_s("a", 3, since_s=2) == 3
    assert timeline.reached_s("a", 1, since_s=6) == 14
    assert timeline.reached_s("a", 2) is None
    assert timeline.reached_s("b", 1) is None
