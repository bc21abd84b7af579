"""docs/cli.md has every command, and no option that does not exist; the shell completes them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from sokuji.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
COMMANDS = typer.main.get_group(app).commands
OPTIONS = {option for command in COMMANDS.values() for each in command.params for option in each.opts}


def test_the_page_has_every_command() -> None:
    assert set(re.findall(r"^\| `sokuji (\w+)`", PAGE, re.MULTILINE)) == set(COMMANDS)


def test_the_page_names_no_option_that_does_not_exist() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", PAGE))
    assert named - OPTIONS == {"--help", "--install-completion", "--show-completion"}


@pytest.mark.parametrize("command", ["transcribe", "translate", "speak"])
def test_the_page_names_the_options_of_the_commands_for_files(command: str) -> None:
    options = {each.opts[0] for each in COMMANDS[command].params if each.opts[0].startswith("--")}
    assert {option for option in options if option not in PAGE} <= {"--voice", "--speed"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "expected"), [("sokuji transc", "transcribe"), ("sokuji transcribe --output-d", "--output-dir")]
)
def test_a_shell_completes_commands_and_options(line: str, expected: str) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_SOKUJI_COMPLETE": "complete_bash"}
    command = [sys.executable, "-c", "from sokuji.cli.main import main; main()"]
    run = subprocess.run(command, env={**os.environ, **words}, capture_output=True, text=True, timeout=60)
    assert expected in run.stdout.split()
