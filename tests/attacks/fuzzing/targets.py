"""All targets and their seeds."""

from tests.attacks.fuzzing import connection_targets, message_targets

TARGETS = {**message_targets.TARGETS, **connection_targets.TARGETS}
