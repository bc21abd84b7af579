"""Key, region and address of an Azure Speech resource, shared by recognition and synthesis.

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
"""The HTTP header in which the service expects the key."""


def api_key() -> str:
    """The key of the Speech resource.

    Raises:
        ConfigError: it is not set, or cannot be a key.
    """
    return cloud.api_key(KEY, what="a key of an Azure Speech resource")


def base_url(settings: AzureSettings) -> str:
    """The address of the service, with its region filled in.

    Raises:
        ConfigError: the address has a placeholder for a region, but no region is set.
    """
    if "{region}" in settings.base_url and not settings.region:
        raise ConfigError(
            f"region is not set: it must name the region of the Azure Speech resource, such as westeurope; "
            f"{REGION} in the environment may hold it as well",
            param="region",
        )
    return settings.base_url.replace("{region}", settings.region)
