"""Whether the course runs on this machine: `python aecourse/machine.py` asks before anything is downloaded."""
# An old Python must be able to read this file.

import platform
import sys

OLDEST_PYTHON = (3, 11)
RUNS = {"Linux": ("x86_64", "aarch64"), "Windows": ("AMD64",), "Darwin": ("arm64",)}  # PyTorch is built for these
UPDATE = "Update the package (docs/installing.md, Updating) and restart the kernel."
ELSEWHERE = "Use the course's site, which needs no Python, or open the notebooks in Colab (docs/installing.md)."


def obstacle(python: tuple, system: str, machine: str, libc: str = "") -> str:
    """Return why the course cannot run there and what to do instead; nothing if it can.

    Parameters
    ----------
    python : version, such as (3, 12)
    system, machine : what the module `platform` calls them
    libc : the C library of a Linux system
    """
    if python < OLDEST_PYTHON:
        found = ".".join(map(str, python))
        return f"Python is {found}, needs 3.11 or newer. Try another one: make lab PYTHON=python3.12"
    if libc == "musl":
        return f"PyTorch has no build for Linux with musl, such as Alpine. {ELSEWHERE}"
    if machine not in RUNS.get(system, (machine,)):
        return f"PyTorch has no build for {system} on {machine}. {ELSEWHERE}"
    return ""


def obstacle_here() -> str:
    """Return why the course cannot run on this machine; nothing if it can."""
    return obstacle(sys.version_info[:2], platform.system(), platform.machine(), platform.libc_ver()[0])


def requires(version: str) -> None:
    """Raise an error that says what to do if the package is older than a notebook that needs this version."""
    from packaging.version import InvalidVersion, Version

    from aecourse import __version__

    try:
        needed = Version(version)
    except (TypeError, InvalidVersion) as error:
        raise ValueError(f'version must be a text such as "{__version__}"; got {version!r}') from error
    if Version(__version__) < needed:
        raise RuntimeError(f"This notebook needs aecourse {version} or newer, and {__version__} is installed. {UPDATE}")


if __name__ == "__main__":
    sys.exit(obstacle_here() or 0)
