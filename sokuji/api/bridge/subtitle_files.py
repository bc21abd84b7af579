"""Subtitle files as answers of the REST calls (bridge API, version 1)."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sokuji.api.bridge.responses import AUDIO_FILE_RESPONSE
from sokuji.api.recording_headers import unrecognised_header
from sokuji.api.transcription import RecordingTranscript, SubtitleText
from sokuji.text.subtitles.formats import SUBTITLE_MEDIA_TYPES, SubtitleFormat

_CONTENT = {kind: {"schema": {"type": "string"}} for kind in SUBTITLE_MEDIA_TYPES.values()}
SUBTITLE_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"content": _CONTENT}}
"""For the OpenAPI description of a route that may answer with a subtitle file."""
AUDIO_OR_SUBTITLE_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": AUDIO_FILE_RESPONSE[200]["content"] | _CONTENT}
}


async def subtitle_response(
    transcript: RecordingTranscript,
    text: SubtitleText,
    subtitle_format: SubtitleFormat,
    headers: Mapping[str, str],
) -> Response:
    """The subtitles of a recording; ``X-Word-Times`` says whether the recogniser has timed the words."""
    times = "estimated" if transcript.words is None else "recognised"
    return Response(
        await transcript.subtitles(text, subtitle_format),
        media_type=f"{SUBTITLE_MEDIA_TYPES[subtitle_format]}; charset=utf-8",
        headers={
            **headers,
            "X-Language": transcript.language,
            "X-Word-Times": times,
            **unrecognised_header(transcript.unrecognised),
        },
    )
