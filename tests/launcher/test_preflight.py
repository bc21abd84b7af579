"""Before the start: a service that others can reach demands keys."""

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.preflight import check_access, check_grpc_ports, grpc_addresses
from launcher.serve_config import LaunchError
from sokuji.access.key_file import change_keys
from sokuji.access.new_key import make_key
from sokuji.capacity.profiles import profile_paths
from sokuji.config.keys import KeyScope
from sokuji.errors import ConfigError

NEW = make_key("a", KeyScope)
KEY = NEW.key.model_dump(mode="json")


def config(access: dict[str, Any] | None = None, **application: Any) -> dict[str, Any]:
    gateway = {"name": "Gateway", "user_config": {"access": access or {}}}
    graph = "graphs.speech_translation:app"
    return {"applications": [{"import_path": graph, "deployments": [gateway], **application}]}


@pytest.mark.parametrize("name", profile_paths())
def test_no_profile_is_started_beyond_loopback_without_a_key(name: str, tmp_path: Path) -> None:
    content = yaml.safe_load(profile_paths()[name].read_text())
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        check_access(content, host, {})
    for host in ("0.0.0.0", "::", "10.0.0.5", "fe80::1%eth0", "bridge.example.com"):
        with pytest.raises(ConfigError, match=r"sokuji keys create .*SOKUJI_KEYS_FILE.*SOKUJI_KEYLESS=1"):
            check_access(content, host, {})
    path = tmp_path / "keys.json"
    change_keys(path, lambda _: (NEW.key,))
    check_access(content, "0.0.0.0", {"SOKUJI_KEYS_FILE": str(path)})
    check_access(content, "0.0.0.0", {"SOKUJI_KEYS": path.read_text()})
    check_access(content, "0.0.0.0", {"SOKUJI_KEYLESS": "1"})


def test_keys_may_stand_in_the_config_and_in_its_variables() -> None:
    check_access(config({"keys": [KEY]}), "0.0.0.0", {})
    check_access(config({"keyless": True}), "0.0.0.0", {})
    variables = {"env_vars": {"SOKUJI_KEYLESS": "1"}}
    check_access(config(runtime_env=variables), "0.0.0.0", {})
    with pytest.raises(ConfigError):
        check_access(
            config(runtime_env={"env_vars": {"SOKUJI_KEYLESS": "0"}}), "0.0.0.0", {"SOKUJI_KEYLESS": "1"}
        )


@pytest.mark.parametrize(
    ("access", "named"),
    [
        ({"keys_file": "/nowhere/keys.json"}, "/nowhere/keys.json cannot be read"),
        ({"keys_file": "keys.json"}, "absolute path"),
        ({"keys": [{**KEY, "sha256": "x"}]}, "access.keys.0.sha256"),
        ({"redis_url": "localhost:6379"}, "redis://HOST:PORT/DATABASE"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_on_loopback_too(access: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        check_access(config(access), "127.0.0.1", {})


def test_other_applications_are_none_of_its_business() -> None:
    check_access({"applications": [{"import_path": "another:app"}]}, "0.0.0.0", {})


def test_a_port_of_grpc_that_is_in_use_is_refused_and_not_shared() -> None:
    with socket.socket() as other:
        # As gRPC itself does: a second service would get every other connection.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "{}:{}".format(*other.getsockname())
        variables = {"SOKUJI_GRPC_ADDRESS": address}
        assert grpc_addresses(config(), variables) == [address]
        with pytest.raises(LaunchError, match=r"port \d+ is in use; .*SOKUJI_GRPC_ADDRESS=127.0.0.1:"):
            check_grpc_ports(config(), variables)
    check_grpc_ports(config(), variables)
    check_grpc_ports(config(), {})
    with pytest.raises(ConfigError, match="grpc.address has no effect unless it is a loopback address"):
        grpc_addresses(config(), {"SOKUJI_GRPC_ADDRESS": "0.0.0.0:50051"})
