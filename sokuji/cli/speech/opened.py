"""Models that are loaded when they are needed for the first time, and freed at the end of a command."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Generic, TypeVar

T = TypeVar("T")


class Opened(Generic[T]):
    """Enters a context at the first ``get``; ``stack`` leaves it."""

    def __init__(self, stack: AsyncExitStack, opening: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._stack = stack
        self._opening = opening
        self._value: T | None = None

    async def get(self) -> T:
        """The value of the context."""
        if self._value is None:
            self._value = await self._stack.enter_async_context(self._opening())
        return self._value
