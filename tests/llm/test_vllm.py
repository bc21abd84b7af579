"""The real engine: answers come token by token, several at once, and stop when nobody wants them any more."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sokuji.config import VllmConfig
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import ConfigError, ModelMissing, ProviderFailed
from sokuji.providers.translation.llm.prompt import messages
from sokuji.providers.translation.vllm import async_engine
from sokuji.providers.translation.vllm.async_engine import VllmEngine
from sokuji.providers.translation.vllm.engine import Engine, GeneratedText, Sampling
from sokuji.providers.translation.vllm.provider import Vllm
from tests.llm.conftest import SETTINGS

STATION = TranslationRequest(text="Where is the station?", source="en", target="es")
COUNTING = [{"role": "user", "content": "<text>\n1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,\n</text>"}]
"""It goes on for hundreds of tokens."""


def engine_of(provider: Vllm) -> Any:
    """The engine behind a provider, and what vLLM itself knows of the requests that are in it."""
    return provider._engine


async def written(engine: Engine, text: str, tokens: int) -> list[GeneratedText]:
    """The whole answer."""
    request = TranslationRequest(text=text, source="en", target="es")
    return [piece async for piece in engine.generate(messages(request), Sampling(0.0, tokens))]


async def test_the_model_translates_and_says_how_sure_it_is(vllm: Vllm) -> None:
    (found,) = await vllm.translate([STATION])
    assert isinstance(found, TranslatedText)
    assert found.text == "¿Dónde está la estación?"
    assert found.score is not None
    assert 0 < found.score <= 1


async def test_an_answer_comes_in_pieces_with_the_probability_of_each_token(vllm: Vllm) -> None:
    pieces = await written(engine_of(vllm), STATION.text, 32)
    assert len(pieces) > 3
    assert "".join(piece.text for piece in pieces).strip() == "¿Dónde está la estación?"
    assert all(logprob <= 0 for piece in pieces for logprob in piece.logprobs)
    assert not any(piece.cut_off for piece in pieces)


async def test_an_answer_that_meets_its_limit_is_cut_off_and_says_so(vllm: Vllm) -> None:
    pieces = await written(engine_of(vllm), STATION.text, 3)
    assert sum(len(piece.logprobs) for piece in pieces) == 3
    assert pieces[-1].cut_off


async def test_closing_an_answer_in_the_middle_takes_its_request_out_of_the_engine(vllm: Vllm) -> None:
    engine = engine_of(vllm)
    async with aclosing(engine.generate(COUNTING, Sampling(0.0, 500))) as pieces:
        await anext(pieces)
        assert engine._llm.get_num_unfinished_requests() == 1
    assert engine._llm.get_num_unfinished_requests() == 0
    assert isinstance((await vllm.translate([STATION]))[0], TranslatedText)


async def test_a_caller_that_goes_away_takes_its_requests_out_of_the_engine(vllm: Vllm) -> None:
    engine = engine_of(vllm)
    call = asyncio.create_task(vllm.translate([STATION] * 4))
    while engine._llm.get_num_unfinished_requests() < 4:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert engine._llm.get_num_unfinished_requests() == 0


async def test_several_answers_are_written_together_token_by_token(vllm: Vllm) -> None:
    engine = engine_of(vllm)
    order: list[int] = []

    async def write(number: int) -> None:
        async for _ in engine.generate(COUNTING, Sampling(0.0, 24)):
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(4)))
    assert len(set(order[: len(order) // 2])) == 4, "the first half holds tokens of all four"


async def test_a_batch_is_answered_in_order_and_in_the_engine_at_the_same_time(vllm: Vllm) -> None:
    texts = ("Good morning.", STATION.text, "Where is the house?", STATION.text)
    found = await vllm.translate([TranslationRequest(text=text, source="en", target="es") for text in texts])
    assert isinstance(found[1], TranslatedText)
    assert isinstance(found[3], TranslatedText)
    assert found[1].text == found[3].text == "¿Dónde está la estación?"
    assert found[1].effort is not None
    assert found[1].effort.batch_size > 1


async def test_a_text_that_is_too_long_is_refused_and_says_what_is_accepted(vllm: Vllm) -> None:
    (found,) = await vllm.translate([TranslationRequest(text="long " * 2_000, source="en", target="es")])
    assert isinstance(found, ProviderFailed)
    assert "max_model_len is 1024" in found.message


async def test_the_check_passes_while_the_engine_lives(vllm: Vllm) -> None:
    await vllm.check()


async def test_how_fast_it_is(vllm: Vllm, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asserted about speed; the figures are for docs/llm.md."""
    engine = engine_of(vllm)
    figures = [await _tokens_per_second(engine, together) for together in (1, 4, 8)]
    with capsys.disabled():
        print("\ntokens/s with 1, 4 and 8 requests together:", *(f"{each:.0f}" for each in figures))
    assert all(figures)


async def _tokens_per_second(engine: Engine, together: int) -> float:
    began = time.monotonic()
    answers: Sequence[list[GeneratedText]] = await asyncio.gather(
        *(_all(engine, COUNTING) for _ in range(together))
    )
    count = sum(len(piece.logprobs) for answer in answers for piece in answer)
    return count / (time.monotonic() - began)


async def _all(engine: Engine, chat: list[dict[str, str]]) -> list[GeneratedText]:
    return [piece async for piece in engine.generate(chat, Sampling(0.0, 64))]


class Renderer:
    """Like a model's whose chat template refuses some roles."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.chats: list[list[dict[str, str]]] = []

    async def render_chat_async(self, chats: Any, parameters: Any) -> tuple[Any, Any]:
        (chat,) = chats
        if any(message["role"] in self.refused for message in chat):
            raise ValueError("no such role")
        self.chats.append(chat)
        return chats, [chat]


async def test_where_a_template_has_no_place_for_orders_they_stand_before_the_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    renderer = Renderer("system")
    monkeypatch.setattr(async_engine, "_launch", lambda config, memory: SimpleNamespace(renderer=renderer))
    engine = VllmEngine(VllmConfig(translation_model=str(tmp_path)))
    await engine.start(0.2)
    await engine._render(messages(STATION))
    system, user = messages(STATION)
    assert renderer.chats[-1] == [{"role": "user", "content": f"{system['content']}\n\n{user['content']}"}]


async def test_a_model_without_a_chat_template_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    llm = SimpleNamespace(renderer=Renderer("system", "user"))
    monkeypatch.setattr(async_engine, "_launch", lambda config, memory: llm)
    with pytest.raises(ConfigError, match="no chat template"):
        await VllmEngine(VllmConfig(translation_model=str(tmp_path))).start(0.2)


async def test_a_model_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no such file or folder"):
        await VllmEngine(VllmConfig(translation_model=str(tmp_path / "none"))).start(0.2)
    with pytest.raises(ConfigError, match="GGUF"):
        (tmp_path / "a.gguf").touch()
        await VllmEngine(VllmConfig(translation_model=str(tmp_path / "a.gguf"))).start(0.2)


async def test_when_the_engine_dies_requests_fail_and_so_does_the_check(model: Path) -> None:
    provider = Vllm(VllmConfig(translation_model=str(model), **SETTINGS))
    await provider.load()
    engine = engine_of(provider)
    for process in engine._llm.engine_core.resources.engine_manager.processes:
        process.kill()
    (found,) = await provider.translate([STATION])
    assert isinstance(found, ProviderFailed)
    with pytest.raises(ProviderFailed, match="has stopped"):
        await provider.check()
    await provider.aclose()
