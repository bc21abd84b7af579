"""A decoder that is confined to a script can write all of it, and nothing of another one."""

import pytest
from tokenizers import Tokenizer

from sokuji import models
from sokuji.providers.stt.whisper.script_tokens import foreign_script_tokens

TEXTS = {
    "hi": " नमस्ते दुनिया, 12 बजे।",
    "ur": " اونٹ کے منہ میں زیرہ۔",
    "ja": " こんにちは、世界のコーヒー 3 杯。",
    "ru": " Съешь же ещё этих мягких французских булок!",
    "pt": " A rápida raposa não é marrom?",
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(models.locate("whisper", "base") / "tokenizer.json"))


@pytest.mark.parametrize("language", TEXTS)
def test_the_own_script_can_be_written_and_no_other(language: str, tokenizer: Tokenizer) -> None:
    foreign = set(foreign_script_tokens(tokenizer, language))
    for written, text in TEXTS.items():
        tokens = set(tokenizer.encode(text, add_special_tokens=False).ids)
        assert bool(tokens & foreign) == (written != language), written


def test_control_tokens_are_never_suppressed(tokenizer: Tokenizer) -> None:
    end = tokenizer.token_to_id("<|endoftext|>")
    assert end is not None
    assert max(foreign_script_tokens(tokenizer, "hi")) < end
