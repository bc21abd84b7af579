"""Recognises the audio of segments, and measures for load shedding how long that takes."""

import time
from functools import partial

from sokuji.audio.endpointing import Utterance
from sokuji.contract import Transcript
from sokuji.errors import TooLarge
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.segment import Segment


class SegmentTranscriber:
    """Recognition with what is known of a segment: language, context and stable words."""

    def __init__(self, pipeline: Pipeline, load: LoadShedding) -> None:
        self._pipeline = pipeline
        self._load = load

    async def transcribe(
        self, segment: Segment, utterance: Utterance, *, interim: bool = False, word_times: bool = False
    ) -> Transcript:
        """Recognise ``utterance``, all or a part of the segment's audio; see ``Pipeline.recognise``."""
        began = time.monotonic()
        recognise = partial(
            self._pipeline.recognise,
            utterance.pcm,
            segment.spoken_language,
            context=segment.conversation.context,
            interim=interim,
            word_times=word_times,
        )
        try:
            transcript = await recognise(prefix=segment.words.stable)
        except TooLarge:
            # The model takes fewer stable words as a prefix. Without one it recognises them again.
            transcript = await recognise()
        self._load.recognised(time.monotonic() - began, interim=interim)
        return transcript
