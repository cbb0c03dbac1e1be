"""Run the notebooks under nbval and compare with their stored outputs.

`python tests/notebooks.py` tests all, two at a time on half the cores each, and prints each one's seconds;
`--alone` or a single NAME gives a notebook the whole machine; `--store` runs them and stores their outputs instead;
`--stamp` runs nothing and writes the package's version into them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from helpers.palette import shrink_figures
from nbclient import NotebookClient

from aecourse import __version__, pace
from aecourse.device import cpu_share
from aecourse.records import EDITION, VIEW

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
os.environ["AECOURSE_STRICT"] = "1"  # a claim that does not hold stops a notebook here; for a learner it is a card
CELL_TIMEOUT = 900  # seconds; generous, because a shared machine can be slow
AT_A_TIME = 2
REQUIRES = re.compile(r'^aecourse\.requires\("[^"]*"\)', re.M)
LONG = ("02", "03", "04", "09")  # come first, so that both halves end together


def run_nbval(notebook: Path, threads: int | None = None) -> tuple[subprocess.CompletedProcess[str], float]:
    """What nbval says of one notebook run on so many threads (None: as many as there are), and the seconds it took."""
    options = [
        "--nbval",
        "--nbval-current-env",
        f"--nbval-cell-timeout={CELL_TIMEOUT}",
        f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval_sanitize.cfg'}",
    ]
    limits = ("AECOURSE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS") if threads else ()
    environment = os.environ | {name: str(threads) for name in limits}
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *options, notebook]
    started = time.perf_counter()
    outcome = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return outcome, time.perf_counter() - started


def test(notebooks: list[Path], *, alone: bool) -> list[str]:
    """Run the notebooks under nbval, print a line for each and what nbval says of one that fails; their names."""
    threads = None if alone else max(1, cpu_share() // AT_A_TIME)
    ordered = sorted(notebooks, key=lambda notebook: not notebook.name.startswith(LONG))
    failed = []
    with ThreadPoolExecutor(1 if alone else AT_A_TIME) as pool:
        runs = {pool.submit(run_nbval, notebook, threads): notebook.name for notebook in ordered}
        for run in as_completed(runs):
            outcome, seconds = run.result()
            print(f"{runs[run]}: {'FAILED' if outcome.returncode else 'ok'} in {seconds:.0f} s", flush=True)
            if outcome.returncode:
                failed.append(runs[run])
                print(outcome.stdout, flush=True)
    return failed


def store(notebook: Path) -> float:
    """Execute one notebook top to bottom and store its outputs, without widget state."""
    started = time.perf_counter()
    content = nbformat.read(notebook, as_version=4)
    resources = {"metadata": {"path": str(notebook.parent)}}
    client = NotebookClient(content, timeout=CELL_TIMEOUT, store_widget_state=False, resources=resources)
    client.comm_open_handlers.clear()  # what `interact` draws is stored with its cell, as nbval sees it
    client.execute()
    content.metadata.pop("widgets", None)
    stamp(content)
    for cell in content.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):  # a stored view has no model; picture and text stay
            output.get("data", {}).pop(VIEW, None)
    seconds = time.perf_counter() - started
    shrink_figures(content)
    nbformat.write(content, notebook)
    note_seconds(notebook.name[:2], seconds)
    return seconds


def stamp(content: nbformat.NotebookNode) -> None:
    """Write the version of the package into the metadata and the set-up cell; name the language without its version."""
    content.metadata[EDITION] = __version__
    content.metadata["language_info"] = {  # what nbconvert and editors go by; a version would differ on every machine
        "name": "python", "file_extension": ".py", "mimetype": "text/x-python", "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    }  # fmt: skip
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.source = REQUIRES.sub(f'aecourse.requires("{__version__}")', cell.source)


def note_seconds(number: str, seconds: float) -> None:
    """Keep how long Run All took beside how fast this machine is: `aecourse.pace` tells it to learners."""
    timed = json.loads(pace.RESULTS.read_text("utf-8"))
    timed[number] = {"seconds": round(seconds, 1), "step": float(f"{pace.step_seconds():.3g}")}
    rows = ",\n".join(f' "{name}": {json.dumps(run)}' for name, run in sorted(timed.items()))
    pace.RESULTS.write_text(f"{{\n{rows}\n}}\n", "utf-8")


def main() -> int:
    """Test or store the notebooks named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 03 (default: all)")
    parser.add_argument("--alone", action="store_true", help="one after another, each with the whole machine")
    parser.add_argument("--store", action="store_true", help="store new outputs instead of comparing with the old")
    parser.add_argument("--stamp", action="store_true", help="only write the package's version into them")
    options = parser.parse_args()
    chosen = [n for n in NOTEBOOKS if not options.names or n.name.startswith(tuple(options.names))]
    if not chosen:
        parser.error(f"no notebook begins with {', '.join(options.names)}")
    if options.stamp:
        for notebook in chosen:
            stamp(content := nbformat.read(notebook, as_version=4))
            nbformat.write(content, notebook)
        return 0
    if options.store:
        for notebook in chosen:
            print(f"{notebook.name}: stored in {store(notebook):.0f} s", flush=True)
        return 0
    failed = test(chosen, alone=options.alone or len(chosen) == 1)
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
