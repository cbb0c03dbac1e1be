"""Does every claim of the notebooks hold with other random numbers, and how much room does it leave? `make seeds`.

Each notebook runs once for each of five other seeds, on one thread and without the cells that show explorers; with the
first of them every cell runs twice. Results are stored as soon as they are there, so that a run may be interrupted;
`--again` forgets them. A notebook that stops is a failure, and so is a claim that does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from aecourse.records import claim_holds, read_records

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.notebooks import code_cells, read, shows_explorer

ROOT = Path(__file__).parents[2]
# {notebook: {shift: {"seconds": …, "claims": {name: record}, "stopped": …}}}
RESULTS = Path(__file__).with_suffix(".json")
SHIFTS = (1000, 2000, 3000, 4000, 5000)
CELL_TIMEOUT = 1800
SEED = re.compile(r"(seed_everything\(|manual_seed\(|\bseed=)(\d[\d_]*)")


def shifted(code: str, shift: int) -> str:
    """Return the code of a cell with another number for each seed that is written out."""
    return SEED.sub(lambda found: f"{found[1]}{int(found[2]) + shift}", code)


def prepared(notebook: Path, shift: int, *, twice: bool = False) -> nbformat.NotebookNode:
    """Return a notebook with other seeds and without the cells that show explorers; `twice` has each cell two times."""
    content = read(notebook)
    cells = [cell for cell in code_cells(content) if not shows_explorer(cell)]
    for cell in cells:
        cell.source, cell.outputs = shifted(cell.source, shift), []
    content.cells = [cell.copy() for cell in cells for _ in range(1 + twice)]
    return content


def run(notebook: Path, shift: int, *, twice: bool = False) -> dict:
    """Run one notebook with shifted seeds: its seconds, its claims, and the error that stopped it, if any."""
    content, started, stopped = prepared(notebook, shift, twice=twice), time.perf_counter(), None
    try:
        NotebookClient(content, timeout=CELL_TIMEOUT, resources={"metadata": {"path": str(notebook.parent)}}).execute()
    except CellExecutionError as error:
        stopped = f"{error.ename}: {error.evalue}"[:300]
    records = [record for cell in content.cells for record in read_records(cell.get("outputs", ()))]
    claims = {record["name"]: record for record in records if record["kind"] == "claim"}
    kept = {name: {key: claim[key] for key in ("value", "at_least", "at_most")} for name, claim in claims.items()}
    return {"seconds": round(time.perf_counter() - started), "claims": kept, "stopped": stopped, "twice": twice}


def results() -> dict[str, dict[str, dict]]:
    """Return what was stored."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}


def store(number: str, shift: int, found: dict) -> None:
    """Store one run."""
    stored = results()
    stored.setdefault(number, {})[str(shift)] = found
    RESULTS.write_text(json.dumps(dict(sorted(stored.items())), indent=1) + "\n", "utf-8")


def failures(stored: dict[str, dict[str, dict]]) -> Iterator[str]:
    """Yield in words each notebook that stopped and each claim that did not hold."""
    for number, runs in stored.items():
        for shift, found in runs.items():
            if found["stopped"]:
                yield f"{number}, seeds + {shift}: stopped by {found['stopped']}"
            for name, claim in found["claims"].items():
                if not claim_holds(claim):
                    yield f"{name}, seeds + {shift}: {claim['value']:.4g}"


def margins(stored: dict[str, dict[str, dict]]) -> Iterator[tuple[str, str, list[float], float]]:
    """Yield of each claim its name, its bounds, its values, and its room.

    The room is the distance of the worst value from the nearest bound, in standard deviations over the seeds. It is
    negative where a claim failed, and infinite where the number depends on no seed of the notebook, or one seed ran.
    """
    for runs in stored.values():
        for name in next(iter(runs.values()))["claims"]:
            claims = [found["claims"][name] for found in runs.values() if name in found["claims"]]
            low, high, values = claims[0]["at_least"], claims[0]["at_most"], [claim["value"] for claim in claims]
            rooms = [
                min(v - low if low is not None else float("inf"), high - v if high is not None else float("inf"))
                for v in values
            ]
            mean = sum(values) / len(values)
            deviation = (sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1)) ** 0.5
            bounds = " and ".join(f"{sign} {bound:g}" for sign, bound in (("≥", low), ("≤", high)) if bound is not None)
            yield name, bounds, values, min(rooms) / deviation if deviation > 1e-12 * abs(mean) else float("inf")


def main() -> int:
    """Run what is missing, or what is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="notebooks, such as 03 (default: all)")
    parser.add_argument("--again", action="store_true", help="run them again, even if they are stored")
    options = parser.parse_args()
    os.environ |= {"AECOURSE_THREADS": "1", "OMP_NUM_THREADS": "1"}
    os.environ.pop("AECOURSE_STRICT", None)  # a claim that does not hold is counted, and the notebook goes on
    for shift in SHIFTS:
        for notebook in sorted((ROOT / "notebooks").glob("0*.ipynb")):
            number = notebook.name[:2]
            wanted = not options.numbers or number in options.numbers
            if wanted and (options.again or str(shift) not in results().get(number, {})):
                store(number, shift, found := run(notebook, shift, twice=shift == SHIFTS[0]))
                print(f"{number}, seeds + {shift}: {len(found['claims'])} claims, {found['seconds']} s", flush=True)
    failed = list(failures(results()))
    print(*failed or ["every claim holds"], sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
