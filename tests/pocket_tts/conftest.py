"""Where the package is not installed, as in the environment of `make test`, no test here is collected."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pocket_tts") else ["test_*.py"]
