"""Settings of Serve's HTTP proxy, which come from the environment of Ray's processes only.

No Serve config reaches the HTTP server of the proxy; ``deployments.http_server`` does, when the proxy starts.
The upper-case names of the fields are the variables, which the original performance tuning guide has.
"""

from collections.abc import Mapping, Set

from pydantic import Field

from sokuji.config.settings import Settings, parse
from sokuji.errors import ConfigError

PROXY_CALLBACK = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
"""Variable of Ray Serve: what the proxy calls when it starts."""
CALLBACK = "deployments.proxy:middlewares"
"""The value of that variable with which these settings have an effect."""


class ProxySettings(Settings):
    """How the proxy treats WebSockets."""

    ws_ping_interval: float = Field(20, ge=1, le=3_600)
    """Seconds from one ping frame to the next; connections that are idle survive other proxies by them."""
    ws_ping_timeout: float = Field(20, ge=1, le=3_600)
    """Seconds in which a client has to answer a ping; then its socket is closed with 1011."""
    ws_compression: bool = False
    """Whether to compress for clients that offer it (permessage-deflate). Audio gains nothing from it, and a
    message of some KiB can become 16 MiB."""


PROXY_VARIABLES = frozenset(name.upper() for name in ProxySettings.model_fields)
"""The variables of these settings."""


def parse_proxy(environment: Mapping[str, str]) -> ProxySettings:
    """The settings that the environment of a proxy names.

    Raises:
        ConfigError: names each variable that is out of range, and what is accepted.
    """
    values = {name.lower(): environment[name] for name in PROXY_VARIABLES if environment.get(name)}
    return parse(ProxySettings, values, "environment of Serve's proxy")


def check_proxy_variables(environment: Mapping[str, str], config_variables: Set[str]) -> None:
    """Check the variables as the processes of the Gateway see them.

    Args:
        environment: of these processes.
        config_variables: names of the variables that a Serve config has set for them.

    Raises:
        ConfigError: a value is out of range, or no proxy sees the variable.
    """
    given = sorted(name for name in PROXY_VARIABLES if environment.get(name))
    if not given:
        return
    parse_proxy(environment)
    where = "set it in the environment of Ray's processes, for example of `make run`"
    if deployed := sorted(config_variables & set(given)):
        raise ConfigError(f"{deployed[0]} has no effect on the Gateway: {where}", param=deployed[0])
    if environment.get(PROXY_CALLBACK) != CALLBACK:
        raise ConfigError(
            f"{given[0]} has no effect unless {PROXY_CALLBACK}={CALLBACK}: {where}, both of them",
            param=given[0],
        )
