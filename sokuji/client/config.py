"""The settings of a conversation, which the client sends in its ``config`` message."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import cast

from sokuji.errors import InvalidRequest
from sokuji.protocol import AudioEncoding, Commit, ConfigFields, OutputMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The languages of a conversation, the format of its audio, and the output wanted.

    The service checks the values; docs/api.md lists what it accepts.

    Raises:
        InvalidRequest: there is no target language, and ``both_ways`` is not set.
    """

    target_language: str = ""
    """The language to translate to; with ``target_languages``, the first of them."""
    target_languages: tuple[str, ...] = ()
    """Languages to translate to; each has its own translation and voice."""
    source_language: str = "auto"
    """The language spoken; ``auto`` detects it for each utterance."""
    source_languages: tuple[str, ...] = ()
    """With ``auto``: the languages that may be spoken; empty: all that the service can translate."""
    both_ways: bool = False
    """Translate what is said in one of the ``source_languages`` to the others; there is no other target."""
    voice_id: str = "default"
    sample_rate: int = 16_000
    """Hz of the audio that is sent."""
    channels: int = 1
    """Interleaved channels of the audio that is sent."""
    output: OutputMode = "audio"
    """``captions``: text without a voice."""
    output_sample_rate: int | None = None
    """Hz of the voice; None: its own rate."""
    speed: float = 1.0
    """Of the voice; 2 is twice as fast."""
    context: str = ""
    """Names and words that are likely to be spoken."""
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Source term -> its translation; a term that maps to itself is not translated."""
    partials: bool = False
    """Whether to send partial transcripts and translations, the last words of which may still change."""
    commit: Commit | None = None
    """Translate and speak whole utterances or single clauses; None: the default of the service."""
    broadcast: bool = False
    """Whether others may listen: with ``Ready.broadcast``, as ``listen`` does."""
    diarize: bool = False
    """Whether to tell speakers apart; each has a voice of its own, as far as there are voices."""
    max_speakers: int | None = None
    """With ``diarize``: more are not told apart; None: as many as the service allows by default."""
    speaker_voices: Mapping[str, str] = field(default_factory=dict)
    """With ``diarize``: label (``speaker_1``) -> the voice for what this speaker says."""
    audio_encoding: AudioEncoding = "pcm_binary"
    """How the service sends the voice; ``Audio`` events carry PCM in both cases."""

    def __post_init__(self) -> None:
        if not self.targets:
            param = "source_languages" if self.both_ways else "target_language"
            raise InvalidRequest("name a language to translate to", param=param)

    @property
    def targets(self) -> tuple[str, ...]:
        """All target languages, without duplicates."""
        if self.both_ways:
            return tuple(dict.fromkeys(self.source_languages))
        return tuple(dict.fromkeys(filter(None, (self.target_language, *self.target_languages))))

    def message(self) -> ConfigFields:
        """The ``config`` message, ready for JSON, without the fields that are empty."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["glossary"] = dict(self.glossary)
        values["speaker_voices"] = dict(self.speaker_voices)
        filled = {name: value for name, value in values.items() if value}
        return cast(ConfigFields, {"type": "config", **filled})
