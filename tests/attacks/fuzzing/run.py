"""Looks for bytes that make a target fail: ``python -m tests.attacks.fuzzing.run TARGET FOLDER [OPTION...]``.

FOLDER takes the inputs that reach new branches, and the one that fails. The options are libFuzzer's, such as
``-max_total_time=60`` (https://llvm.org/docs/LibFuzzer.html). The exit code is 0 if nothing was found.
"""

import sys
from pathlib import Path

import atheris

PACKAGES = ["sokuji", "deployments", "uvicorn.protocols", "websockets", "h11", "aiortc.sdp"]
"""Whose branches guide the search."""


def main() -> None:
    """Run until an option ends it, or an input fails."""
    name, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(include=PACKAGES):
        from tests.attacks.fuzzing.targets import TARGETS
    (target,) = (each for each in TARGETS if each.__name__ == name)
    for number, seed in enumerate(TARGETS[target]):
        Path(folder, f"seed-{number}").write_bytes(seed)
    arguments = [sys.argv[0], folder, f"-artifact_prefix={folder}/failing-", "-print_final_stats=1", *options]
    atheris.Setup(arguments, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
