"""Settings that the providers of Azure's Speech service share: the region is part of the address."""

from typing import ClassVar

from pydantic import Field

from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import Condition


class AzureSettings(CloudSettings):
    """A Speech resource. ``{region}`` in ``base_url`` is replaced by ``region``."""

    conditions: ClassVar = (
        Condition("region", "base_url contains {region}", lambda own: "{region}" in own.base_url, idle=("",)),
    )

    region: str = Field("", max_length=50, pattern="^[a-z0-9]*$")
    """Region of the Speech resource, for example ``westeurope``; needed where
    ``base_url`` contains ``{region}``."""
