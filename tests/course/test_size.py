"""What everybody downloads who clones the course."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from helpers.paths import ROOT

MOST = 45  # megabytes; 9 of them are MNIST, 25 the networks


def test_the_repository_is_light() -> None:
    """All that is tracked, as it lies in the folder."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    assert sum(file.stat().st_size for file in files if file.is_file()) <= MOST * 1e6
