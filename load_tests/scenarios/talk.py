"""A talk of a minute or more, the same on every run: voices read ``talk.yaml``, and recordings end it.

There are two kinds. In ``short`` a pause follows each sentence; in ``run-on`` long sentences follow one
another with gaps that end no utterance, as of somebody who rarely pauses. What voices have said is kept in
the cache folder of the models.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from load_tests.scenarios.kept_speech import kept_speech
from load_tests.scenarios.speech_samples import ScriptedSpeech, SpeechSample, recordings, silence
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.errors import InvalidRequest
from sokuji.measure.samples import PAUSE_MS, SHORT_PAUSE_MS
from sokuji.models.store import root

TalkKind = Literal["short", "run-on"]
RUN = 3
"""Sentences without a pause in a run-on talk."""


@cache
def sentences(kind: TalkKind) -> Sequence[dict[str, str]]:
    """The sentences for voices, each by language."""
    texts: dict[str, list[dict[str, str]]] = yaml.safe_load(
        (files("load_tests") / "talk.yaml").read_text("utf-8")
    )
    return texts["long" if kind == "run-on" else "short"]


async def talk(language: str, kind: TalkKind) -> ScriptedSpeech:
    """Speak the talk; it ends with the recordings of the language.

    Raises:
        InvalidRequest: it has no sentences in this language.
        UnsupportedLanguage: no embedded voice speaks the language.
        ModelMissing: a voice, or the recordings, are not installed.
    """
    texts = [each[language] for each in sentences(kind) if language in each]
    if not texts:
        accepted = ", ".join(sentences(kind)[0])
        raise InvalidRequest(f"there is no talk in {language!r}; accepted: {accepted}", param="language")
    spoken = await kept_speech(language, texts, root() / "talk")
    samples = [SpeechSample(language, pcm, text) for pcm, text in zip(spoken, texts, strict=True)]
    return composed([*samples, *recordings(language)], kind)


def composed(samples: Sequence[SpeechSample], kind: TalkKind) -> ScriptedSpeech:
    """The samples in sequence, with the pauses of a kind."""
    pcm, spans_ms = bytearray(silence(PAUSE_MS)), []
    for number, sample in enumerate(samples, 1):
        start_ms = duration_ms(pcm, RECOGNISER_RATE)
        pcm += sample.pcm
        spans_ms.append((start_ms, duration_ms(pcm, RECOGNISER_RATE)))
        pcm += silence(SHORT_PAUSE_MS if kind == "run-on" and number % RUN else PAUSE_MS)
    texts = [(each.text,) for each in samples]
    return ScriptedSpeech(samples[0].language, bytes(pcm), spans_ms, texts)
