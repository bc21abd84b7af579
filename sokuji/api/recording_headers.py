"""Response headers that name parts of a recording, for answers whose body has no place for them."""

from collections.abc import Sequence

from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech


def unrecognised_header(spans: Sequence[UnrecognisedSpeech]) -> dict[str, str]:
    """``X-Unrecognised-Ms`` of an answer that is a file: the first twenty parts, such as ``3200-4100``."""
    return _spans_header("X-Unrecognised-Ms", spans)


def unspoken_header(spans: Sequence[RecordedUtterance]) -> dict[str, str]:
    """``X-Unspoken-Ms`` of an answer that is an audio file, as ``unrecognised_header``."""
    return _spans_header("X-Unspoken-Ms", spans)


def _spans_header(name: str, spans: Sequence[RecordedUtterance | UnrecognisedSpeech]) -> dict[str, str]:
    shown = ", ".join(f"{each.start_ms}-{each.end_ms}" for each in spans[:20])
    return {name: shown} if shown else {}
