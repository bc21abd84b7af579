"""The Dockerfile: hadolint accepts it, it copies what is there, and nothing in it runs as root."""

import re
from fnmatch import fnmatch

from tests.ops.tools import ROOT, program, run

DOCKERFILE = ROOT / "ops" / "docker" / "Dockerfile"
TEXT = DOCKERFILE.read_text()
TARGETS = ("cpu", "cuda", "vllm")


def stages() -> dict[str, str]:
    """Name -> instructions."""
    parts = re.split(r"^FROM \S+ AS (\w[\w-]*)$", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_hadolint_accepts_it() -> None:
    assert run(program("hadolint"), "--no-color", DOCKERFILE) == ""


def test_yaml_under_ops_says_each_thing_once() -> None:
    run(program("yamllint"), "--strict", "-c", ROOT / ".yamllint.yaml", ROOT / "ops", ROOT / "cluster.yaml")


def test_all_that_is_copied_is_there_and_not_ignored() -> None:
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    allowed = [
        line[1:]
        for line in DOCKERFILE.with_suffix(".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    assert len(copied) > 5
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert [name for name in copied if not any(fnmatch(name, pattern) for pattern in allowed)] == []


def test_each_image_runs_as_a_user_that_is_not_root() -> None:
    for target in TARGETS:
        assert stages()[target].rstrip().endswith("USER 10001")
        assert f"--target {target}" in TEXT


def test_packages_come_from_lock_files_with_hashes() -> None:
    for line in re.findall(r"pip install .*", TEXT.replace("\\\n", " ")):
        assert "--require-hashes" in line or line.rstrip("\\ ").split("&&")[0].rstrip().endswith(" .")
