"""Fan-out: one recognition feeds a branch for each target language."""

import asyncio
from collections.abc import Iterable, Mapping

from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.branch import Branch
from sokuji.session.clause import Clause
from sokuji.session.conversation import ConversationSettings
from sokuji.session.failures import FailureHandling
from sokuji.session.output import SessionOutput
from sokuji.session.speculation import SpeculativeOutput


class FanOut:
    """The branches of one session, by target language.

    Args:
        tasks: runs the branches; it must have been entered before ``open`` is called.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        output: SessionOutput,
        failures: FailureHandling,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._pipeline = pipeline
        self._output = output
        self._failures = failures
        self._tasks = tasks
        self._branches: dict[str, Branch] = {}

    def open(self, targets: Iterable[str]) -> None:
        """Start the branches of these languages that do not run yet."""
        for target in targets:
            if target not in self._branches:
                branch = Branch(target, self._pipeline, self._output, self._failures)
                self._branches[target] = branch
                self._tasks.create_task(branch.run())

    def put(self, clause: Clause, prepared: Mapping[str, SpeculativeOutput]) -> None:
        """Hand a committed clause to the branches of its conversation."""
        for target in clause.conversation.target_languages:
            self._branches[target].put(clause, prepared.get(target))

    def prepare(self, clause: Clause) -> dict[str, SpeculativeOutput]:
        """Begin to translate and to speak a clause that may yet be committed, in each target language."""
        targets = clause.conversation.target_languages
        return {
            target: self._branches[target].prepare(clause)
            for target in targets
            if not clause.is_left_out(target)
        }

    def preview(self, clause: Clause) -> None:
        """Have a clause that still grows translated, for those who do not want to wait for its end."""
        for target in clause.conversation.target_languages:
            self._branches[target].preview(clause)

    def translates_clauses(self, conversation: ConversationSettings, language: str) -> bool:
        """Whether a target of a conversation can translate words in a language before their segment ends."""
        return any(
            self._branches[target].translates_clauses(language)
            for target in conversation.target_languages
            if not conversation.is_left_out(language, target)
        )

    def stop_muted_voices(self) -> None:
        """Stop the voices that speak a clause that has been muted."""
        for branch in self._branches.values():
            branch.stop_muted_voice()

    def end(self) -> None:
        """Expect no more clauses."""
        for branch in self._branches.values():
            branch.end()

    async def aclose(self) -> None:
        """Drop whatever has been prepared."""
        await asyncio.gather(*(branch.aclose() for branch in self._branches.values()))
