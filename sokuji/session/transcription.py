"""Recognises the audio of segments, and measures for load shedding how long that takes."""

import time
from collections.abc import Mapping

from sokuji.audio.segment_events import Utterance
from sokuji.contract import Transcript
from sokuji.pipeline.heard_languages import NO_PRIOR, HeardLanguages
from sokuji.pipeline.language_candidates import candidates
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.conversation import ConversationSettings
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.segment import Segment
from sokuji.telemetry.call_ids import in_segment


class SegmentTranscriber:
    """Recognition with what is known of a segment: language, context and earlier hypotheses.

    It owns the languages heard in the session, with which the language of the next segment is detected.
    """

    def __init__(self, pipeline: Pipeline, load: LoadShedding) -> None:
        self._pipeline = pipeline
        self._load = load
        self._heard = HeardLanguages()

    def note_final(self, transcript: Transcript, utterance: Utterance) -> None:
        """Remember the language of a segment whose final transcript this is."""
        if transcript.text:
            self._heard.add(transcript.language, utterance.end_ms - utterance.start_ms)

    async def transcribe(
        self, segment: Segment, utterance: Utterance, *, interim: bool = False, word_times: bool = False
    ) -> Transcript:
        """Recognise ``utterance``, all or a part of the segment's audio; see ``Pipeline.recognise``."""
        began = time.monotonic()
        language = segment.spoken_language
        with in_segment(segment.segment_id):
            transcript = await self._pipeline.recognise(
                utterance.pcm,
                language,
                language_prior=NO_PRIOR if language else self._language_prior(segment.conversation),
                context=segment.conversation.context,
                draft=segment.words.text,
                interim=interim,
                word_times=word_times,
                # A caption that is soon superseded names no speaker; what may be committed of it does.
                diarize=segment.conversation.diarize and (segment.by_clause or word_times or not interim),
            )
        self._load.recognised(time.monotonic() - began, interim=interim)
        return transcript

    def _language_prior(self, conversation: ConversationSettings) -> Mapping[str, float]:
        catalogue = self._pipeline.catalogue
        possible = candidates(catalogue, conversation.source_languages, conversation.target_languages)
        # Who answers speaks the other language. With a prior for the one heard last, Whisper would write "No,
        # thank you" in Portuguese, and its translation would be what was said.
        return possible if conversation.both_ways else self._heard.prior(possible)
