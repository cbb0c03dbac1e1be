"""Stored results of the control experiments, which take too long for a notebook.

`make controls` measures them; tests/controls has a script for every notebook.
"""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "assets" / "results" / "controls"


@dataclass(frozen=True)
class Spread:
    """The mean and the standard deviation of a number over seeds, printed as mean ± standard deviation."""

    mean: float
    deviation: float
    count: int

    def __str__(self) -> str:
        if self.deviation == 0:
            return f"{self.mean:.4g} ± 0"
        decimals = max(0, -math.floor(math.log10(self.deviation)))  # one digit of the deviation is enough
        return f"{self.mean:.{decimals}f} ± {self.deviation:.{decimals}f}"


@dataclass(frozen=True)
class StoredControl:
    """One statement of the course, what it was measured against, and the numbers of every seed.

    Attributes
    ----------
    name, statement, against : str
    values : dict of list
        {what was measured: its number with each seed}; the n-th numbers belong to the same seed.
    """

    name: str
    statement: str
    against: str
    values: dict[str, list[float]]

    def __getitem__(self, what: str) -> Spread:
        return spread(self.values[what])

    def difference(self, what: str, other: str) -> Spread:
        """Return the paired difference, `what` minus `other`, seed by seed."""
        return spread([a - b for a, b in zip(self.values[what], self.values[other], strict=True)])

    def __str__(self) -> str:
        width = max(map(len, self.values))
        seeds = len(next(iter(self.values.values())))
        lines = [f"{what:{width}}  {self[what]}" for what in self.values]
        return "\n".join([f"{self.name}, {seeds} seeds, mean ± standard deviation", *lines])


def spread(numbers: list[float]) -> Spread:
    """Return mean and standard deviation of some numbers; a single number has a deviation of 0."""
    return Spread(statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else 0.0, len(numbers))


def read_results(notebook: str) -> dict[str, dict]:
    """Return the stored results of a notebook: {control: statement, opponent and numbers of every seed}."""
    path = FOLDER / f"{notebook}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def stored(name: str) -> StoredControl:
    """Return the stored result of a control, such as "03.few_digits".

    Raises
    ------
    KeyError
        If there is no such control, or it was not measured.
    """
    notebook = str(name).partition(".")[0]
    entry = read_results(notebook).get(name, {})
    if not entry.get("seeds"):
        raise KeyError(f"no control {name!r} is stored; `make controls NAMES={notebook}` measures those of {notebook}")
    seeds = list(entry["seeds"].values())
    values = {what: [numbers[what] for numbers in seeds] for what in seeds[0] if what != "seconds"}
    return StoredControl(name, entry["statement"], entry["against"], values)
