"""What a client is told of the words of its speech: deltas that are only appended, then the whole."""

from sokuji.api.errors import error_type
from sokuji.api.openai.realtime.items import Items
from sokuji.api.openai.realtime.outbox import Outbox
from sokuji.api.openai.realtime.session_config import TranscriptionConfig
from sokuji.api.openai.realtime.usage import transcription_usage
from sokuji.api.openai.realtime.user_audio import SpokenItem

EVENT = "conversation.item.input_audio_transcription"


def tell(spoken: SpokenItem, config: TranscriptionConfig | None, items: Items, outbox: Outbox) -> None:
    """Emit what is new about the words of an item.

    Args:
        config: None: the client does not want the words.
    """
    if spoken.is_transcribed:
        return
    spoken.item.content[0]["transcript"] = spoken.words
    is_over = spoken.is_committed and spoken.is_heard
    spoken.is_transcribed = is_over
    if config is None or (spoken.is_committed and not items.has(spoken.item)):
        return
    place = {"item_id": spoken.item.id, "content_index": 0}
    words = spoken.words
    if (spoken.is_committed or config.is_live) and words.startswith(spoken.told) and words != spoken.told:
        outbox.emit(f"{EVENT}.delta", **place, delta=words[len(spoken.told) :])
        spoken.told = words
    if is_over and spoken.error is not None:
        error = spoken.error
        detail = {"type": error_type(error), **error.as_dict()}
        outbox.emit(f"{EVENT}.failed", **place, error=detail)
    elif is_over:
        outbox.emit(
            f"{EVENT}.completed",
            **place,
            transcript=words,
            usage=transcription_usage(spoken.audio_ms),
            **({"languages": [{"code": spoken.language}]} if spoken.language else {}),
        )
