"""Entry point of the ``sokuji`` command.

It imports the application only inside ``main``, so that it can report packages that are not installed.
"""

import sys


def main() -> None:
    """Run the command; without the packages of the ``cli`` extra, exit with a line that names the extra."""
    try:
        from sokuji.cli.app import app
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "sokuji"):
            raise
        sys.exit(f"sokuji: {package} is not installed: pip install 'sokuji-bridge[cli]'")
    app(prog_name="sokuji")
