"""Resolve all that a learner needs, for each system and Python that docs/installing.md names; `make platforms`."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RUNS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")
HAS_NO_TORCH = ("x86_64-apple-darwin", "aarch64-pc-windows-msvc")


def main() -> int:
    """Print a line for each system; return 1 if one is not as the documentation says."""
    as_said = True
    for platform, python in itertools.product(RUNS + HAS_NO_TORCH, PYTHONS):
        options = [f"--python-platform={platform}", f"--python-version={python}", "--only-binary=:all:", "--quiet"]
        done = subprocess.run(["uv", "pip", "compile", *options, "pyproject.toml"], capture_output=True, text=True,
                              check=False, cwd=Path(__file__).parents[1])  # fmt: skip
        resolved = done.returncode == 0
        as_said &= resolved == (platform in RUNS)
        print(f"{platform:26}{python}  {'resolves' if resolved else ' '.join(done.stderr.split())[:200]}", flush=True)
    return 0 if as_said else 1


if __name__ == "__main__":
    sys.exit(main())
