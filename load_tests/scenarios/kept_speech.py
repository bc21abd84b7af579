"""What embedded voices have said, kept in a folder: some speak at less than the pace of speech."""

import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from load_tests.progress import tracked
from load_tests.scenarios.in_process import voice_of
from load_tests.scenarios.spoken_answers import synthesised
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.contract import SynthesisRequest
from sokuji.measure.samples import trimmed


async def kept_speech(language: str, texts: Sequence[str], folder: Path | None) -> list[bytes]:
    """Each text in the embedded voice of its language, without silence around it: mono int16 at 16 kHz.

    Args:
        language: canonical code.
        texts: all in that language.
        folder: has what was said before, and gets what is said now; None: nothing is kept.

    Raises:
        UnsupportedLanguage: no embedded voice speaks the language.
        ModelMissing: the voice is not installed.
    """
    spoken = {text: pcm for text in texts if (pcm := _kept(folder, language, text)) is not None}
    if missing := [text for text in dict.fromkeys(texts) if text not in spoken]:
        async with AsyncExitStack() as stack:
            _, voice = await voice_of(stack, language)
            for text in tracked(missing, "speaking"):
                sample = await synthesised(voice, SynthesisRequest(text=text, language=language))
                spoken[text] = trimmed(sample.pcm)
                _keep(folder, language, text, spoken[text])
    return [spoken[text] for text in texts]


def _kept(folder: Path | None, language: str, text: str) -> bytes | None:
    if folder is None or not (file := _file(folder, language, text)).exists():
        return None
    return file.read_bytes()


def _keep(folder: Path | None, language: str, text: str, pcm: bytes) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(folder, language, text)
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_bytes(pcm)
    unfinished.rename(file)


def _file(folder: Path, language: str, text: str) -> Path:
    return folder / f"{language}-{hashlib.sha256(text.encode()).hexdigest()[:16]}-{RECOGNISER_RATE}.pcm"
