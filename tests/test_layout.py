"""The house rules that no other tool holds: whose packages these are, who imports whom, what git keeps."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("retrieval", "train", "serve", "ui")
OURS = "reading-room"
FORBIDDEN = re.compile(
    rb"(^|[^A-Za-z0-9_.])/(work|farm|root)/"  # paths of one machine
    rb"|(py[p]i|python[h]osted)\.org|deb\.[d]ebian|registry\.[n]pm|registry-1\.[d]ocker",
    re.MULTILINE,
)


def tracked_files() -> list[Path]:
    """What git keeps, as it lies in the working tree. Skips the test outside a clone."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not in a git clone")
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in told.decode().split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_is_ours(name: str) -> None:
    found = importlib.import_module(name).__file__
    assert found is not None
    assert Path(found).parent == ROOT / name
    assert set(packages_distributions().get(name, [])) <= {OURS}


def test_nobody_else_installs_our_names() -> None:
    for distribution in distributions():
        if distribution.name == OURS:
            continue
        commands = {point.name for point in distribution.entry_points.select(group="console_scripts")}
        assert OURS not in commands, distribution.name
        tops = {file.parts[0].removesuffix(".py") for file in distribution.files or () if file.parts}
        assert tops.isdisjoint({*PACKAGES, "demo"}), distribution.name


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", checked.stdout), checked.stdout


def test_every_test_folder_is_a_package() -> None:
    """Without __init__.py, tests/serve would stand for serve itself."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_git_keeps_no_address_of_a_registry_and_no_path_of_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {matched.group()!r}"
        for path in tracked_files()
        if path.suffix not in (".safetensors", ".gz", ".png")
        and (matched := FORBIDDEN.search(path.read_bytes()))
    ]
    assert found == []


def test_the_one_address_that_is_needed_stands_in_one_place() -> None:
    address = b"download." + b"pytorch.org"
    assert [path.name for path in tracked_files() if address in path.read_bytes()] == ["environment.sh"]
