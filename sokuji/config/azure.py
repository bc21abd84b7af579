"""Settings shared by the providers of Azure's Speech service."""

from typing import ClassVar

from pydantic import Field

from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import Condition


class AzureSettings(CloudSettings):
    """Address of a Speech resource. ``{region}`` in ``base_url`` is replaced by ``region``."""

    conditions: ClassVar = (
        Condition(
            "region",
            "base_url contains {region}",
            lambda config: "{region}" in config.base_url,
            neutral=("",),
        ),
    )

    region: str = Field("", max_length=50, pattern="^[a-z0-9]*$")
    """Region of the Speech resource, for example ``westeurope``; required if
    ``base_url`` contains ``{region}``."""
