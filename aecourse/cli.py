"""The course's one command: `aecourse lab`, `fresh 03`, `demo`, `site`, `doctor`, `report`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

JUPYTER = Path(str(resources.files("aecourse") / "assets" / "jupyter"))
WORK = Path("work")  # where a learner's copies lie, in the folder in which the command is called


def lab(arguments: Sequence[str]) -> int:
    """Open the working copy of the course in JupyterLab; further arguments go to JupyterLab."""
    print(f"Your own copies of the notebooks are in {WORK.resolve()}. The originals stay as they are.", flush=True)
    command = [sys.executable, "-m", "jupyter", "lab", f"--config={JUPYTER / 'jupyter_lab_config.py'}", *arguments]
    os.environ["AECOURSE_WORK"] = str(WORK)
    if os.name == "posix":
        os.execv(sys.executable, command)  # JupyterLab takes this process's place, and hears itself when it is to end
    return subprocess.call(command)


def fresh(arguments: Sequence[str]) -> int:
    """Put an untouched copy of one notebook beside your own: `aecourse fresh 03`."""
    from aecourse.classroom.working_copy import fresh_copy

    parser = argparse.ArgumentParser(prog="aecourse fresh", description=fresh.__doc__)
    parser.add_argument("notebook", help='the beginning of its name, such as "03"')
    print(f"Untouched: {fresh_copy(WORK, parser.parse_args(arguments).notebook)}")
    return 0


def demo(arguments: Sequence[str]) -> int:
    """Open the demo board, all explorers on one page without code, for a projector; `--no-browser` only serves it."""
    _prepare_site()
    from aecourse.classroom.serve import main as serve

    return serve(list(arguments))


def site(arguments: Sequence[str]) -> int:
    """Write the whole course as a site that needs no Python; `aecourse site --help` lists its options."""
    _prepare_site()
    from aecourse.classroom.site import main as write

    return write(list(arguments))


def _prepare_site() -> None:
    """Load all networks as the site has them, so that each score shown is that of the weights that drew the picture."""
    os.environ["AECOURSE_WEIGHTS"] = "int8"


def doctor(arguments: Sequence[str]) -> int:
    """Check this installation."""
    from aecourse.doctor import diagnose

    argparse.ArgumentParser(prog="aecourse doctor", description=doctor.__doc__).parse_args(arguments)
    return 0 if diagnose() else 1


def report(arguments: Sequence[str]) -> int:
    """Write what you predicted and answered on one page; `aecourse report --help` lists its options."""
    from aecourse.classroom.report import main as write

    return write(list(arguments))


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "lab": lab, "fresh": fresh, "demo": demo, "site": site, "doctor": doctor, "report": report,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] not in COMMANDS:
        print("aecourse COMMAND", *(f"  {name:8}{command.__doc__}" for name, command in COMMANDS.items()), sep="\n")
        return 0 if arguments in ([], ["--help"], ["-h"]) else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
