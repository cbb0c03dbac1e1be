"""Run every notebook under nbval, each alone, and compare with its stored outputs.

`python tests/notebooks.py [NAME…]` tests; `--store` runs them and stores their outputs instead.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from aecourse.classroom.marking import mark

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 300  # seconds; generous, because a shared machine can be slow


def run_nbval(notebook: Path) -> tuple[int, float]:
    """nbval's exit status for one notebook, and the seconds it took"""
    sanitize = ROOT / "tests" / "nbval_sanitize.cfg"
    options = [
        "--nbval",
        "--nbval-current-env",
        f"--nbval-cell-timeout={CELL_TIMEOUT}",
        "--nbval-sanitize-with",
        sanitize,
    ]
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *options, notebook]
    return subprocess.run(command, cwd=ROOT, check=False).returncode, time.perf_counter() - started


def store(notebook: Path) -> float:
    """execute one notebook top to bottom and store its outputs, without widget state, with its slides marked"""
    started = time.perf_counter()
    content = nbformat.read(notebook, as_version=4)
    resources = {"metadata": {"path": str(notebook.parent)}}
    NotebookClient(content, timeout=CELL_TIMEOUT, store_widget_state=False, resources=resources).execute()
    content.metadata.pop("widgets", None)
    content.metadata["language_info"] = {"name": "python"}  # the version would differ on every machine
    for cell in content.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):  # a stored view has no model; picture and text stay
            output.get("data", {}).pop(WIDGET_VIEW, None)
    mark(content)
    nbformat.write(content, notebook)
    return time.perf_counter() - started


def main() -> int:
    """test or store the notebooks named, or all of them"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 03 (default: all)")
    parser.add_argument("--store", action="store_true", help="store new outputs instead of comparing with the old")
    options = parser.parse_args()
    chosen = [n for n in NOTEBOOKS if not options.names or n.name.startswith(tuple(options.names))]
    if not chosen:
        parser.error(f"no notebook begins with {', '.join(options.names)}")
    failed = []
    for notebook in chosen:
        if options.store:
            print(f"{notebook.name}: stored in {store(notebook):.0f} s", flush=True)
            continue
        status, seconds = run_nbval(notebook)
        print(f"{notebook.name}: {'FAILED' if status else 'ok'} in {seconds:.0f} s\n", flush=True)
        failed += [notebook.name] if status else []
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
