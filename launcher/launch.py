"""Start the service on this machine, and report when it can translate.

``python -m launcher.launch [--config FILE] [--host HOST] [--port PORT] [-- COMMAND ...]`` wraps
``serve run``: a port in use is refused at once, a deployment that fails ends the launch with its reason, one
line gives all addresses, a service that breaks ends the launch with its reason and exit code 3, and Ctrl-C
stops every process. With a COMMAND the service runs as long as the command does; a healthy service that
listens on the port already is used instead of a new one.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx
from rich.console import Console

from launcher import dashboard
from launcher.environment import describe_ports, open_ports
from launcher.preflight import check_access, check_capacity, check_grpc_ports, grpc_addresses
from launcher.serve_config import LaunchError, ServeConfig, check_port, read_config
from launcher.serve_process import ServeProcess
from launcher.supervision import until_broken
from sokuji.errors import ConfigError

POLL_S = 0.5
NO_RESPONSE = "no response"
BROKEN = 3
"""Exit code of a service that was ready and broke or ended by itself: a supervisor should start it again."""
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended: 128 + SIGINT, the convention of shells."""

console = Console(highlight=False, markup=False)


async def health(client: httpx.AsyncClient, url: str) -> str:
    """The ``status`` of ``GET /health``, or why there is none."""
    try:
        response = await client.get(f"{url}/health")
        return str(response.json()["status"]) if response.is_success else f"HTTP {response.status_code}"
    except httpx.HTTPError:
        return NO_RESPONSE
    except (ValueError, KeyError, TypeError):
        return "a response of another service"


async def check_deployment(url: str) -> None:
    """Raise LaunchError if Serve has failed to deploy an application."""
    with contextlib.suppress(httpx.HTTPError):
        async with dashboard.connect(url) as client:
            reasons = await dashboard.failures(client)
        if reasons:
            raise LaunchError("\n".join(reasons))


async def wait_until_ready(service: ServeProcess, url: str, timeout_s: float) -> None:
    """Return when ``GET /health`` says healthy.

    Raises:
        LaunchError: the service ended, the application failed to deploy, or ``timeout_s`` is over.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    with service.console.status("starting: models are loaded and warmed"):
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while (state := await health(client, url)) != "healthy":
                if service.exit_code is not None:
                    raise LaunchError("the service ended before it was ready; its last lines above say why")
                if service.dashboard:
                    await check_deployment(service.dashboard)
                if asyncio.get_running_loop().time() > deadline:
                    raise LaunchError(f"not ready after {timeout_s:g} s: GET {url}/health: {state}")
                await asyncio.sleep(POLL_S)


def stop_on_signals(task: asyncio.Task[Any], service: ServeProcess) -> None:
    """The first signal cancels ``task``, the next one kills the service."""

    def on_signal() -> None:
        if task.cancelling():
            service.kill()
        else:
            console.print("stopping when conversations have ended; once more ends it at once")
            task.cancel()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, on_signal)


async def run_command(command: Sequence[str]) -> int:
    """Run a program to its end; returns its exit code."""
    process = await asyncio.create_subprocess_exec(*command)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def ready_line(config: ServeConfig, service: ServeProcess) -> str:
    """All addresses of the service in one line."""
    ray = os.path.relpath(Path(sys.executable).with_name("ray"))
    addresses = grpc_addresses(config.content, os.environ | config.environment)
    grpc = f"gRPC {', '.join(addresses)}  " if addresses else ""
    metrics = f"  Ray metrics on all interfaces, port {port}" if (port := service.metrics_port) else ""
    return (
        f"Sokuji Bridge is ready: API {config.url}  docs {config.url}/docs  {grpc}"
        f"Ray dashboard {service.dashboard} (its token: {ray} get-auth-token){metrics}"
    )


async def run_service(
    service: ServeProcess, config: ServeConfig, timeout_s: float, command: Sequence[str]
) -> int:
    """Start the service, report when it is ready, and wait until ``command`` ends; returns its exit code.

    Raises:
        LaunchError: the service did not become ready, ended by itself, or is broken.
    """
    await service.start(config.content)
    await wait_until_ready(service, config.url, timeout_s)
    console.print(ready_line(config, service), soft_wrap=True)
    if command:
        service.echo = False
    working = asyncio.create_task(run_command(command) if command else end_of(service))
    broken = asyncio.create_task(breakdown(service, config.url))
    try:
        await asyncio.wait([working, broken], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        # Nothing can be drained: an orderly end would wait for what has broken.
        service.kill()
        raise LaunchError(f"{broken.result()}; start the service again", exit_code=BROKEN)
    finally:
        for task in (working, broken):
            task.cancel()
        await asyncio.gather(working, broken, return_exceptions=True)


async def end_of(service: ServeProcess) -> NoReturn:
    """Raise LaunchError when the service has ended by itself."""
    code = await service.wait()
    raise LaunchError(f"the service ended by itself with exit code {code}", exit_code=BROKEN)


async def breakdown(service: ServeProcess, url: str) -> str:
    """Wait until the service is broken; returns how."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

        async def answers() -> bool:
            return await health(client, url) != NO_RESPONSE

        return await until_broken(service.processes(), answers)


@asynccontextmanager
async def managed_service(
    console: Console, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ServeProcess]:
    """A service that the caller starts and that is stopped with the block; Ray's logs are kept if it failed.

    Args:
        console: for the service's output.
        environment: variables for all its processes, besides those of this process.
    """
    # Not TMPDIR, which may be long: see ServeProcess.
    ray_dir = Path(tempfile.mkdtemp(prefix="sokuji-", dir="/tmp"))
    service = ServeProcess(ray_dir, console, environment)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, ray_dir, ignore_errors=True)
        try:
            try:
                yield service
            finally:
                await service.stop()
        except LaunchError as error:
            cleanup.pop_all()
            message = f"{error}\nRay's logs are kept in {ray_dir}/ray/session_latest/logs"
            raise LaunchError(message, error.exit_code) from None


async def launch(config: ServeConfig, timeout_s: float, command: Sequence[str]) -> int:
    """Serve until a signal, or until ``command`` ends; returns the exit code.

    Raises:
        LaunchError: the service cannot run, or ended by itself.
    """
    if command:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            if await health(client, config.url) == "healthy":
                return await run_command(command)
    check_port(config)
    try:
        check_access(config.content, config.host, os.environ | config.environment)
        check_grpc_ports(config.content, os.environ | config.environment)
        for warning in check_capacity(config.content):
            console.print(warning, soft_wrap=True)
    except ConfigError as error:
        raise LaunchError(error.message, exit_code=2) from None
    task = asyncio.current_task()
    assert task is not None
    if ports := open_ports(os.environ | config.environment):
        console.print(f"open on all interfaces: {describe_ports(ports)}", soft_wrap=True)
    async with managed_service(console, config.environment) as service:
        stop_on_signals(task, service)
        try:
            return await run_service(service, config, timeout_s, command)
        except asyncio.CancelledError:
            return INTERRUPTED if command else 0


def port_number(text: str) -> int:
    """A TCP port; ``argparse`` turns the error into its message."""
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 1 to 65535")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m launcher.launch", description=__doc__.split("\n")[0])
    parser.add_argument("--config", type=Path, default="serve_config.yaml", help="a Serve config (YAML)")
    parser.add_argument("--host", help="listen here instead of the config's host")
    parser.add_argument("--port", type=port_number, help="listen here instead of the config's port")
    parser.add_argument("--timeout", type=float, default=180, help="seconds to get ready (default: 180)")
    parser.add_argument("command", nargs="*", help="after --: run this against the service, then stop it")
    return parser.parse_args()


def main() -> int:
    """Entry point; returns the exit code."""
    options = parse_arguments()
    try:
        config = read_config(options.config, options.host, options.port)
        return asyncio.run(launch(config, options.timeout, options.command))
    except LaunchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
