"""Settings of the door for clients of LibreTranslate."""

from pydantic import Field

from sokuji.config.settings import Settings


class LibreTranslateSettings(Settings):
    """Files that are translated."""

    max_file_chars: int = Field(200_000, ge=1, le=10_000_000)
    """Characters of one file."""
    files_dir: str = Field("", max_length=4_096)
    """Where translated files wait for their clients; empty: a directory of this machine for temporary files.
    With gateways on several machines it has to be one that all of them see."""
    files_keep_s: float = Field(600, gt=0, le=24 * 3_600)
    """How long a translated file can be fetched."""
    files_max_bytes: int = Field(2**28, ge=2**20, le=2**40)
    """Of all translated files that wait; the oldest go first."""
