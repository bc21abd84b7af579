"""Settings of recordings of sessions, by which an operator looks into conversations."""

from typing import ClassVar

from pydantic import Field

from sokuji.config.settings import Condition, Settings

ALL_SESSIONS = "*"
DEBUG_AUDIO = "SOKUJI_DEBUG_AUDIO"
"""Environment variable of the Gateway: 1 permits ``DebugSettings.audio``."""


class DebugSettings(Settings):
    """Files with the events of sessions, for an operator. They have the words of the conversations, which no
    log has."""

    conditions: ClassVar = (
        Condition("sessions", "directory is set", lambda debug: bool(debug.directory), neutral=((),)),
        Condition("audio", "sessions are named", lambda debug: bool(debug.sessions), neutral=(False,)),
    )

    directory: str = ""
    """Folder for the files, on the machine of each gateway replica; it is made with rights for this user
    alone. Empty: nothing is recorded. Files in it are deleted only while it is set."""
    sessions: tuple[str, ...] = Field((), max_length=100)
    """Ids of the sessions that are recorded from now on, or ``*`` for all."""
    audio: bool = False
    """Whether what is said and spoken is recorded too; the variable ``SOKUJI_DEBUG_AUDIO`` must permit it."""
    max_age_s: float = Field(86_400, ge=1, le=30 * 86_400)
    """Files are deleted so many seconds after their last line."""
    max_session_bytes: int = Field(2**26, ge=2**10, le=2**34)
    """Bytes of one session's files, where its recording ends."""
    max_bytes: int = Field(2**30, ge=2**10, le=2**40)
    """Bytes of all files; the oldest are deleted for new ones."""
