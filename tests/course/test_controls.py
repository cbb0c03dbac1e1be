"""The bench of controls: complete, read by the notebooks, and the quick ones measured again."""

from __future__ import annotations

import re
import sys

import pytest
from helpers.notebooks import program, read
from helpers.paths import NOTEBOOKS, ROOT

from aecourse.evaluation.controls import read_results, stored

sys.path.insert(0, str(ROOT / "tests" / "controls"))
import bench

ENTRIES = {name: bench.controls(name) for name in bench.MODULES if name != "training_default"}
QUICK = [entry for entries in ENTRIES.values() for entry in entries if entry.quick]
TOLERANCE = 0.15  # another machine sums in another order, and training enlarges that


@pytest.mark.parametrize("name", ENTRIES)
def test_everything_is_measured(name: str) -> None:
    """Each control has its statement, its opponent, three seeds or more, all stored; nothing else is."""
    results = read_results(name)
    assert set(results) == {entry.name for entry in ENTRIES[name]}
    for entry in ENTRIES[name]:
        assert len(entry.statement.split()) >= 5 and len(entry.against.split()) >= 3
        assert entry.seeds >= 3 and set(results[entry.name]["seeds"]) == {str(seed) for seed in range(entry.seeds)}
        assert (results[entry.name]["statement"], results[entry.name]["against"]) == (entry.statement, entry.against)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_read_what_is_stored(path) -> None:
    """Every control that a notebook shows belongs to it and is stored."""
    shown = re.findall(r"""\bstored\(\s*["']([^"']+)["']""", program(read(path)))
    assert all(name.startswith(f"{path.name[:2]}.") and stored(name).values for name in shown)


@pytest.mark.slow
@pytest.mark.parametrize("entry", QUICK, ids=lambda entry: entry.name)
def test_quick_ones_come_out_the_same(entry: bench.Control) -> None:
    """Seed 0, measured again, within the scatter of training."""
    before = read_results(entry.name[:2])[entry.name]["seeds"]["0"]
    measured = bench.run(entry, 0)
    assert measured == {what: pytest.approx(before[what], rel=TOLERANCE, abs=1e-4) for what in measured}


def test_there_are_quick_ones() -> None:
    """One at least for each notebook that has controls."""
    assert {entry.name[:2] for entry in QUICK} == set(ENTRIES)


def test_a_control_that_is_not_there_is_named() -> None:
    """With the command that measures it."""
    with pytest.raises(KeyError, match="make controls NAMES=03"):
        stored("03.nothing_of_the_kind")
