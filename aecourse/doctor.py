"""Check this installation: `aecourse doctor` prints one line for each check, and what to do if one fails."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import metadata, resources
from pathlib import Path

from packaging.requirements import Requirement

from aecourse.records import COPY

ASSETS = Path(str(resources.files("aecourse") / "assets"))
OLDEST_PYTHON = (3, 11)
WIDTH = 26  # characters from the check mark to the detail
RUN_ALL = "Kernel → Restart Kernel and Run All Cells"


class CheckFailedError(Exception):
    """A failed check: what is wrong (`detail`) and what to do about it (`remedy`)."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.detail, self.remedy = detail, remedy


def check_python() -> str:
    """Check that Python is new enough."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise CheckFailedError(
            f"{platform.python_version()}, needs 3.11 or newer", "install a newer Python and run make lab"
        )
    return platform.python_version()


def check_torch() -> str:
    """Check that torch and torchvision are installed and were built for each other."""
    versions = _version("torch"), _version("torchvision")
    wanted = next((Requirement(r) for r in metadata.requires("torchvision") or [] if r.startswith("torch")), None)
    if wanted is not None and not wanted.specifier.contains(versions[0], prereleases=True):
        raise CheckFailedError(
            f"torchvision {versions[1]} needs {wanted}, but torch is {versions[0]}",
            "pip install --upgrade torch torchvision, both from one place",
        )
    import torchvision  # the test itself: builds that do not match fail here
    from torchvision.ops import nms  # noqa: F401

    return f"{versions[0]} with torchvision {torchvision.__version__.split('+')[0]}"


def check_device() -> str:
    """Check which device and how many threads the notebooks will use."""
    from aecourse.device import available_devices, pick_device, use_threads

    try:
        device = pick_device()
    except ValueError as error:
        remedy = "unset or correct the variables AECOURSE_DEVICE and AECOURSE_THREADS"
        raise CheckFailedError(str(error), remedy) from error
    return f"{device} (present: {', '.join(available_devices())}), {use_threads()} CPU threads"


def check_packages() -> str:
    """Check that every required package is installed, in a version that the course accepts."""
    needed = [Requirement(r) for r in metadata.requires("aecourse") or []]
    needed = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [
        f"{r} (have {_version(r.name)})" for r in needed if not r.specifier.contains(_version(r.name), prereleases=True)
    ]
    if wrong:
        raise CheckFailedError(f"wrong versions: {', '.join(wrong)}", "delete the folder .venv and run make lab again")
    return f"JupyterLab {_version('jupyterlab')}, ipywidgets {_version('ipywidgets')}, {len(needed)} packages in bounds"


def check_data() -> str:
    """Check that the images that ship with the course are unchanged."""
    return f"{_check_sums(ASSETS / 'mnist')} files of MNIST, checksums right"


def check_weights() -> str:
    """Check that the trained weights that ship with the course are unchanged."""
    return f"{_check_sums(ASSETS / 'weights')} trained networks, checksums right"


def check_write_access() -> str:
    """Check that notebooks can be saved in the current folder."""
    here = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=here):
            return f"folder {here.name!r} can be written"
    except OSError as error:
        raise CheckFailedError(
            f"folder {here.name!r} cannot be written ({error.strerror})", "copy the course to a folder of yours"
        ) from error


def check_widgets() -> str:
    """Check that the parts of ipywidgets and anywidget that run in the browser are there, in versions that fit."""
    from jupyter_core.paths import jupyter_path

    wanted = {"@jupyter-widgets/jupyterlab-manager": "5.", "anywidget": _version("anywidget")}
    for name, version in wanted.items():
        places = [Path(folder) / name / "package.json" for folder in jupyter_path("labextensions")]
        parts = [json.loads(place.read_text("utf-8"))["version"] for place in places if place.is_file()]
        if not parts or not parts[0].startswith(version):
            raise CheckFailedError(
                f"JupyterLab's part of {name} is {parts[0] if parts else 'missing'}, needs {version}",
                f"close JupyterLab, delete the folder .venv, run make lab again, then click {RUN_ALL}",
            )
    return f"their parts in the browser fit; gray ones: {RUN_ALL}"


def check_notebook() -> str:
    """Check that the notebook whose kernel this is can be read and saved; elsewhere there is none."""
    path = Path(os.environ.get("JPY_SESSION_NAME", ""))
    if not path.is_file():
        return "none: the doctor was not called from JupyterLab"
    try:
        own = json.loads(path.read_text("utf-8"))["metadata"].get(COPY)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckFailedError(
            f"{path.name} was not saved whole ({type(error).__name__})", "click File → Revert Notebook to Checkpoint…"
        ) from error
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise CheckFailedError(
            f"{path.name} cannot be saved where it is",
            "click File → Save Notebook As… and give a folder of yours; or open the course with aecourse lab",
        )
    saved = datetime.fromtimestamp(path.stat().st_mtime)
    whose = "your copy" if own else "not a copy: aecourse lab opens one"
    return f"the kernel answers; {path.name} ({whose}), saved at {saved:%H:%M}"


def check_pace() -> str:
    """Compare this machine with the one on which the notebooks were timed; nothing is too slow."""
    from aecourse.pace import ratio

    return f"a training step takes ≈ {ratio():.1f} × as long as on the reference machine"


CHECKS: dict[str, Callable[[], str]] = {
    "Python": check_python,
    "torch": check_torch,
    "device": check_device,
    "Jupyter and packages": check_packages,
    "images": check_data,
    "weights": check_weights,
    "write access": check_write_access,
    "widgets": check_widgets,
    "kernel and notebook": check_notebook,
    "speed": check_pace,
}


def run_checks() -> Iterator[tuple[str, bool, str, str]]:
    """Yield each check as (name, passed, detail, remedy); a failed check does not stop the others."""
    for name, check in CHECKS.items():
        try:
            yield name, True, check(), ""
        except CheckFailedError as failure:
            yield name, False, failure.detail, failure.remedy
        except Exception as error:  # a package too broken to import
            yield name, False, f"{type(error).__name__}: {error}", "delete the folder .venv and run make lab again"


def diagnose() -> bool:
    """Print the result of each check, and below a failed one what to do; return whether all passed."""
    healthy = True
    for name, passed, detail, remedy in run_checks():
        healthy &= passed
        print(f"{'✓' if passed else '✗'} {name} {'.' * (WIDTH - len(name))} {detail}")
        if remedy:
            print(f"    → {remedy}")
    print(
        "Everything is in place." if healthy else "Something is missing: do what the arrows say, then run this again."
    )
    return healthy


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise CheckFailedError(
            f"{package} is not installed", "run make lab, or pip install -e . in the course's folder"
        ) from error


def _check_sums(folder: Path) -> int:
    listed = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    for name, expected in listed.items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
        if found != expected:
            state = "missing" if found == "missing" else "damaged"
            raise CheckFailedError(
                f"{path.parent.name}/{name} is {state}", "get the course again, or git checkout -- aecourse/assets"
            )
    return len(listed)
