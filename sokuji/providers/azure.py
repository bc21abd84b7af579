"""Azure's Speech service, as far as recognition and synthesis share it: the key, and where the service is.

A key belongs to a Speech resource, and a resource to a region, whose name is part of the address: "Speech
service regions", https://learn.microsoft.com/azure/ai-services/speech-service/regions (looked up 2026-11).
"""

from sokuji.config.azure import AzureSettings
from sokuji.errors import ConfigError
from sokuji.providers import cloud

KEY = "AZURE_SPEECH_KEY"
"""The environment variable that holds the key."""
REGION = "AZURE_SPEECH_REGION"
"""The environment variable that may hold the setting ``region``."""
KEY_HEADER = "Ocp-Apim-Subscription-Key"
"""The HTTP header in which the service wants the key."""


def key() -> str:
    """The key of the Speech resource.

    Raises:
        ConfigError: it is not set, or cannot be a key.
    """
    return cloud.key(KEY, what="a key of an Azure Speech resource")


def base_url(settings: AzureSettings) -> str:
    """The address of the service, its region filled in.

    Raises:
        ConfigError: the address has a place for a region, but none is set.
    """
    if "{region}" in settings.base_url and not settings.region:
        raise ConfigError(
            f"region is not set: it must name the region of the Azure Speech resource, such as westeurope; "
            f"{REGION} in the environment may hold it as well",
            param="region",
        )
    return settings.base_url.replace("{region}", settings.region)
