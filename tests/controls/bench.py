"""The bench of controls: what each headline statement is compared with, and how much the numbers vary.

`make controls` measures what is missing, `make controls NAMES="01 03"` the controls of some notebooks. Every result is
stored at once, so a run may be interrupted; `--again` discards the stored results. A notebook shows stored results with
`aecourse.evaluation.controls.stored` if they take too long to compute in it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from aecourse.device import pick_device, seed_everything
from aecourse.evaluation.controls import FOLDER, read_results

HERE = Path(__file__).parent


def notebook(module: str) -> str:
    """Return the two digits of the notebook a script belongs to; of any other script its own name."""
    return module[1:3] if module[1:3].isdigit() else module


MODULES = {notebook(path.stem): path.stem for path in sorted(HERE.glob("*.py")) if path.stem != "bench"}
Numbers = dict[str, float]  # {what was measured: number}


@dataclass(frozen=True)
class Control:
    """One statement of a notebook and what it is compared with.

    Attributes
    ----------
    name : permanent name, notebook and words, such as "03.few_digits"
    statement : what the notebook says, as a sentence
    against : the fair opponent, or the control that removes the cause
    measure : the numbers of one seed, from a fresh start
    seeds : how many
    quick : whether `make test` measures seed 0 again
    """

    name: str
    statement: str
    against: str
    measure: Callable[[int], Numbers]
    seeds: int
    quick: bool


def control(
    statement: str, against: str, *, seeds: int = 3, quick: bool = False
) -> Callable[[Callable[[int], Numbers]], Control]:
    """Make a function of the seed into a Control; its name follows from the module's and the function's."""

    def make(measure: Callable[[int], Numbers]) -> Control:
        name = f"{notebook(measure.__module__)}.{measure.__name__}"
        return Control(name, statement, against, measure, seeds, quick)

    return make


def controls(name: str) -> list[Control]:
    """Return the controls of one notebook, by its two digits, or of another module of this folder by its name."""
    module = importlib.import_module(MODULES[name])
    return [entry for entry in vars(module).values() if isinstance(entry, Control)]


def store(name: str, results: dict[str, dict]) -> None:
    """Write a notebook's results whole, by way of a second file: an interruption loses nothing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    fresh = FOLDER / f"{name}.json.new"
    fresh.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(FOLDER / f"{name}.json")


def run(entry: Control, seed: int) -> Numbers:
    """Measure one control with one seed, rounded to five significant digits."""
    seed_everything(seed)
    return {what: float(f"{number:.5g}") for what, number in entry.measure(seed).items()}


def main() -> None:
    """Measure what is missing of the notebooks named on the command line, or of all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(MODULES)} (default: all)")
    parser.add_argument("--only", nargs="*", help="some controls of them, by their full names")
    parser.add_argument("--again", action="store_true", help="measure anew what is stored already")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in MODULES]:
        parser.error(f"unknown {', '.join(unknown)}; choose from {', '.join(MODULES)}")
    pick_device()
    for name in options.names or MODULES:
        entries, results = controls(name), read_results(name)
        chosen = [entry for entry in entries if options.only is None or entry.name in options.only]
        results = {entry.name: results[entry.name] for entry in entries if entry.name in results}
        todo = []
        for entry in chosen:
            found = {} if options.again else results.get(entry.name, {}).get("seeds", {})
            results[entry.name] = {"statement": entry.statement, "against": entry.against, "seeds": dict(found)}
            todo += [(entry, seed) for seed in range(entry.seeds) if str(seed) not in found]
        bar = tqdm(todo, desc=name)
        for entry, seed in bar:
            bar.set_postfix_str(f"{entry.name}, seed {seed}")
            started = time.perf_counter()
            results[entry.name]["seeds"][str(seed)] = run(entry, seed) | {
                "seconds": round(time.perf_counter() - started, 1)
            }
            store(name, results)
        store(name, results)  # the statements may have changed


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    importlib.import_module("bench").main()  # as the module that the scripts import, not as __main__
