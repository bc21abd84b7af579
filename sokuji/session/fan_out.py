"""Fan-out: one recognition feeds a branch for each target language, of the client and of an audience."""

import asyncio
from collections.abc import Collection, Iterable, Mapping

from sokuji.errors import UnsupportedLanguage
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.audience import Audience
from sokuji.session.branch import Branch
from sokuji.session.clause import Clause
from sokuji.session.conversation import ConversationSettings
from sokuji.session.failures import FailureHandling
from sokuji.session.output import SessionOutput
from sokuji.session.speculation import SpeculativeOutput


class FanOut:
    """The branches of one session, by target language.

    A branch begins with the first segment that needs it. It ends with the last one that does.

    Args:
        audience: may want further languages, from the next segment on.
        tasks: runs the branches; it must have been entered before ``open`` is called.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        output: SessionOutput,
        failures: FailureHandling,
        audience: Audience,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._pipeline = pipeline
        self._output = output
        self._failures = failures
        self._audience = audience
        self._tasks = tasks
        self._branches: dict[str, Branch] = {}

    def open(self, targets: Iterable[str]) -> None:
        """Start the branches of these languages that do not run yet."""
        for target in targets:
            self._branch(target)

    def targets(self, conversation: ConversationSettings) -> tuple[str, ...]:
        """The languages that a segment which begins now is translated to; those of the client first."""
        own, source = conversation.target_languages, conversation.source_language
        wanted = [each for each in self._audience.languages if each not in own]
        return (*own, *(each for each in wanted if self._leads_to(source, each)))

    def _leads_to(self, source: str | None, target: str) -> bool:
        """Whether there is a way to a language, now that the client may have changed what is spoken."""
        try:
            self._pipeline.catalogue.check_speech_pair(source, target)
        except UnsupportedLanguage:
            return False
        return True

    def put(
        self, clause: Clause, targets: Collection[str], prepared: Mapping[str, SpeculativeOutput]
    ) -> None:
        """Hand a committed clause to the branches of its segment, which are the same for all its clauses."""
        if clause.number == 0:
            for unwanted in [each for each in self._branches if each not in targets]:
                self._branches.pop(unwanted).end()
        for target in targets:
            self._branch(target).put(clause, prepared.get(target))

    def prepare(self, clause: Clause, targets: Iterable[str]) -> dict[str, SpeculativeOutput]:
        """Begin to translate and to speak a clause that may yet be committed, in each target language."""
        return {
            target: self._branch(target).prepare(clause)
            for target in targets
            if not clause.is_left_out(target)
        }

    def preview(self, clause: Clause) -> None:
        """Have a clause that still grows translated, for those who do not want to wait for its end."""
        for target in clause.conversation.target_languages:
            self._branch(target).preview(clause)

    def translates_clauses(
        self, conversation: ConversationSettings, targets: Iterable[str], language: str
    ) -> bool:
        """Whether one of these targets can translate words in a language before their segment ends."""
        return any(
            self._branch(target).translates_clauses(language)
            for target in targets
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

    def _branch(self, target: str) -> Branch:
        """The branch of a language, which begins if there is none."""
        if target not in self._branches:
            branch = Branch(target, self._pipeline, self._output, self._failures, self._audience)
            self._branches[target] = branch
            self._tasks.create_task(_run(branch))
        return self._branches[target]


async def _run(branch: Branch) -> None:
    try:
        await branch.run()
    finally:
        await branch.aclose()
