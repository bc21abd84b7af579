"""Settings of the translators."""

from typing import Literal

from pydantic import Field

from sokuji.config.settings import LIVE, MOST_WORKERS, Settings


class BergamotConfig(Settings):
    """Firefox's small translation models, in process: English <-> Portuguese."""

    provider: Literal["bergamot"] = "bergamot"
    num_workers: int = Field(2, ge=1, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Texts translated at the same time."""
