"""What everybody downloads who clones the course."""

from __future__ import annotations

import shutil
import subprocess
import zlib

import pytest
from helpers.paths import ROOT

ON_DISK, TO_FETCH = 53, 45  # megabytes; 11 of them are MNIST as it was published, 27 the networks


def test_the_repository_is_light() -> None:
    """All that is tracked, as it lies in the folder and as git sends it, each file compressed."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    contents = [file.read_bytes() for file in files if file.is_file()]
    assert sum(map(len, contents)) <= ON_DISK * 1e6
    assert sum(len(zlib.compress(content)) for content in contents) <= TO_FETCH * 1e6
