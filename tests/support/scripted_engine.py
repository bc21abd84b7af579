"""Engines without a model that have the interface of vLLM's."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from sokuji.errors import ProviderFailed
from sokuji.providers.translation.llm.prompt import Message
from sokuji.providers.translation.vllm.engine import GeneratedText, Sampling
from sokuji.providers.worker import Worker

HOLA = [GeneratedText("Buenos días, ", (-0.2, -0.4)), GeneratedText("mi amigo.", (-0.6,))]


@dataclass(eq=False)
class ScriptedEngine:
    """Generates the pieces of its script and raises the errors in it; keeps the prompts it receives."""

    script: Sequence[GeneratedText | Exception] = field(default_factory=lambda: HOLA)
    on_gpu: bool = True
    memory: float | None = None
    chats: list[tuple[list[Message], Sampling]] = field(default_factory=list)
    written: int = 0
    """Pieces generated so far."""
    at_work: int = 0
    dead: bool = False
    closed: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is cleared nothing is generated."""

    def __post_init__(self) -> None:
        self.gate.set()

    async def start(self, memory: float) -> None:
        self.memory = memory

    async def generate(
        self, chat: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[GeneratedText, None]:
        self.chats.append((list(chat), sampling))
        self.at_work += 1
        try:
            for piece in self.script:
                await self.gate.wait()
                if isinstance(piece, Exception):
                    raise piece
                self.written += 1
                yield piece
        finally:
            self.at_work -= 1

    async def check(self) -> None:
        if self.dead:
            raise ProviderFailed("dead")

    async def aclose(self) -> None:
        self.closed = True


class BackwardsEngine:
    """Generates the words of the text backwards, one at a time, in a thread of its own."""

    on_gpu = True

    async def start(self, memory: float) -> None:
        self._worker = Worker("backwards")

    async def generate(
        self, chat: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[GeneratedText, None]:
        text = chat[-1]["content"].rpartition("<text>\n")[2].partition("\n</text>")[0]
        for word in reversed(text.split()):
            yield GeneratedText(await self._worker.run("{} ".format, word))

    async def check(self) -> None:
        pass

    async def aclose(self) -> None:
        self._worker.shutdown()
