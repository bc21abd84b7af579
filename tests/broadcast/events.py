"""Events of a session as tests of broadcasts need them."""

from sokuji import events


def caption(segment_id: int, text: str = "olá", *, final: bool = True) -> events.Transcription:
    """A transcription of a segment of one second."""
    return events.Transcription(
        segment_id=segment_id,
        text=text,
        language="pt",
        is_final=final,
        confidence=None,
        start_ms=1_000 * segment_id,
        end_ms=1_000 * segment_id + 900,
        stable_chars=len(text) if final else 0,
    )


def translation(segment_id: int, language: str = "en", clause: int = 0) -> events.TranslationText:
    """The last clause of a segment."""
    return events.TranslationText(
        segment_id=segment_id,
        clause=clause,
        text=f"{language} {segment_id}",
        source_language="pt",
        target_language=language,
        is_final=True,
    )


def voice(
    segment_id: int, language: str = "en", *, chunk: int = 0, size: int = 4_800, last: bool = True
) -> events.Audio:
    """A chunk of a voice at 24 kHz."""
    return events.Audio(
        segment_id=segment_id,
        clause=0,
        chunk=chunk,
        target_language=language,
        pcm=bytes(size),
        sample_rate=24_000,
        last=last,
    )
