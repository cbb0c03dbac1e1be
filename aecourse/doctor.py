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
from packaging.version import Version

from aecourse import __version__, machine
from aecourse.jupyter import WIDGET_PARTS, only_a_picture, server_parts
from aecourse.records import COPY, EDITION

ASSETS = Path(str(resources.files("aecourse") / "assets"))
WIDTH = 26  # characters from the check mark to the detail
PLAIN = {"✓": "ok", "✗": "!!", "→": "->", "≈": "about", "×": "x", "…": "..."}  # for screens without these characters
RUN_ALL = "Kernel → Restart Kernel and Run All Cells"
AGAIN = "install the course again, in a new environment (with make: make clean lab)"
COLAB = "google.colab" in sys.modules  # which brings a JupyterLab of its own


class CheckFailedError(Exception):
    """A failed check: what is wrong (`detail`) and what to do about it (`remedy`)."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.detail, self.remedy = detail, remedy


def check_python() -> str:
    """Check that Python is new enough, on a machine for which PyTorch is built."""
    if obstacle := machine.obstacle_here():
        raise CheckFailedError(*obstacle.split(". ", 1))
    return f"{platform.python_version()} on {platform.system()} ({platform.machine()})"


def check_torch() -> str:
    """Check which build of torch is installed, and that a torchvision beside it was built for it."""
    import torch

    build = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "for the processor"
    if torch.version.hip:
        build = f"for ROCm {torch.version.hip}"
    build = f"{torch.__version__.split('+')[0]}, built {build}"
    try:
        beside = metadata.version("torchvision")
    except metadata.PackageNotFoundError:  # only a download of Fashion-MNIST needs it
        return build
    try:
        import torchvision  # the test itself: builds that do not fit fail here
        from torchvision.ops import nms  # noqa: F401
    except Exception as error:
        raise CheckFailedError(
            f"{build}; torchvision {beside} does not fit ({str(error).splitlines()[0]})",
            "install both again, from one place: pip install --upgrade torch torchvision",
        ) from error
    return f"{build}; torchvision {torchvision.__version__.split('+')[0]} fits"


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
    if COLAB:
        needed = [r for r in needed if not r.name.startswith(("jupyter", "ipykernel"))]
    wrong = [
        f"{r} (have {_version(r.name)})" for r in needed if not r.specifier.contains(_version(r.name), prereleases=True)
    ]
    if wrong:
        raise CheckFailedError(f"wrong versions: {', '.join(wrong)}", AGAIN)
    return f"aecourse {__version__}; {len(needed)} packages that it needs, all new enough"


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
    """Check that JupyterLab can draw widgets: the one that runs this notebook, or else the one beside Python."""
    from jupyter_core.paths import jupyter_path

    if COLAB:
        return "Colab draws them"
    if words := only_a_picture():
        raise CheckFailedError(*words.split(":\n"))
    parts = server_parts() or dict.fromkeys(WIDGET_PARTS, "missing")
    for place in reversed(jupyter_path("labextensions")) if server_parts() is None else ():  # the first one counts
        for file in filter(Path.is_file, (Path(place) / name / "package.json" for name in parts)):
            package = json.loads(file.read_text("utf-8"))
            parts[package["name"]] = package["version"]
    for (name, version), start in zip(parts.items(), ("5.", _version("anywidget").rsplit(".", 1)[0]), strict=True):
        if not version.startswith(start):
            raise CheckFailedError(f"JupyterLab's part of {name} is {version}, needs {start}", AGAIN)
    return f"JupyterLab can draw them; gray ones: {RUN_ALL}"


def check_notebooks() -> str:
    """Check that the notebooks are there, can be read, and are not newer than the package."""
    from aecourse.classroom.notebook_files import copies, find_notebooks, read_notebook, shipped_folder

    try:
        originals = {path.name for path in find_notebooks(shipped_folder())}
        places = (Path("work", "notebooks"), Path("notebooks"), Path())  # the last one is where a kernel is
        folder = next((place for place in places if any(place.glob("[0-9]*.ipynb"))), shipped_folder())
        paths = find_notebooks(folder)
        editions = {path.name: read_notebook(path).metadata.get(EDITION, "0.1.0") for path in paths}
    except ValueError as error:
        raise CheckFailedError(str(error), "aecourse fresh and its number give a new copy beside yours") from error
    own = Version(__version__)
    if newer := [name for name, edition in editions.items() if Version(edition) > own]:
        raise CheckFailedError(f"{', '.join(newer)}: newer than aecourse {__version__}", machine.UPDATE)
    older = [name[:2] for name, edition in editions.items() if Version(edition) < own and name in originals]
    words = [f"{len(editions)} can be read"]
    words += [f"from an earlier edition: {', '.join(older)} (aecourse fresh gives the new one)"] if older else []
    beside = copies(dict.fromkeys(editions, 0))
    words += [f"copies, of which a report counts the one with most done: {', '.join(beside)}"] if beside else []
    return "; ".join(words)


def check_notebook() -> str:
    """Check that the notebook of this kernel can be read and saved; outside JupyterLab there is none."""
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
    """Compare this machine with the one on which the notebooks were timed; this check never fails."""
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
    "notebooks": check_notebooks,
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
            yield name, False, f"{type(error).__name__}: {error}", AGAIN


def diagnose() -> bool:
    """Print the result of each check, and below a failed one what to do; return whether all passed."""
    healthy = True
    for name, passed, detail, remedy in run_checks():
        healthy &= passed
        _say(f"{'✓' if passed else '✗'} {name} {'.' * (WIDTH - len(name))} {detail}")
        if remedy:
            _say(f"    → {remedy}")
    _say("Everything is in place." if healthy else "Something is missing: do what the arrows say, then run this again.")
    return healthy


def _say(line: str) -> None:
    """Print a line; replace the marks that the screen cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    if line.encode(encoding, "ignore").decode(encoding) != line:
        for mark, words in PLAIN.items():
            line = line.replace(mark, words)
    print(line.encode(encoding, "replace").decode(encoding))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise CheckFailedError(f"{package} is not installed", f"pip install {package}") from error


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
