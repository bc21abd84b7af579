"""What the providers of Azure's Speech service have in their settings: the region is part of the address."""

from pydantic import Field

from sokuji.config.cloud import CloudSettings


class AzureSettings(CloudSettings):
    """A Speech resource. ``base_url`` may say ``{region}``, in whose place ``region`` is put."""

    region: str = Field("", max_length=50, pattern="^[a-z0-9]*$")
    """Region of the Speech resource, for example ``westeurope``; not needed where ``base_url`` names none."""
