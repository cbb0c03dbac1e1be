"""What every explorer shows, to compare two versions of the course.

`python tests/appearance.py store FILE` under the old one (PYTHONPATH names its folder), then `… compare FILE` under the
new one. Each explorer is moved through the same states; its rows of pictures, its numbers and its captions are kept.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
from helpers.captions import captions
from helpers.explorers import EXPLORERS, walk

import aecourse
from aecourse.explorers.base.page import Explorer

STEPS = 40
GRAY_LEVELS = 1  # by which a picture may differ: another order of summation
DIGITS = 1e-4  # and a number, of itself or of 1


def shown(explorer: Explorer) -> list[dict]:
    """The settings of each state, its rows in gray levels, its numbers, its caption."""
    states = list(walk(explorer, STEPS))
    found = []
    for state, caption in zip(states, captions(explorer, states), strict=True):
        rows = {name: np.round(255 * np.asarray(row)) for name, row in explorer.rows(**state).items()}
        found.append({"state": state, "rows": rows, "numbers": explorer.numbers(**state), "caption": caption})
    return found


def differences(before: dict, after: dict) -> list[str]:
    """What differs between two versions of a state, in words."""
    found = [f"{part} {before[part]} → {after[part]}" for part in ("state", "caption") if before[part] != after[part]]
    for part, allowed in (("rows", GRAY_LEVELS), ("numbers", DIGITS)):
        old, new = before[part], after[part]
        if list(old) != list(new):
            found.append(f"{part} {list(old)} → {list(new)}")
            continue
        for name in old:
            a, b = np.asarray(old[name]), np.asarray(new[name])
            if a.shape != b.shape or not np.allclose(a, b, atol=allowed, rtol=DIGITS if part == "numbers" else 0):
                found.append(f"{part}, {name}")
    return found


def main() -> int:
    """Store, or compare and say what differs."""
    action, file = sys.argv[1], Path(sys.argv[2])
    record = {name: shown(build()) for name, build in EXPLORERS.items() if name != "training"}
    if action == "store":
        file.write_bytes(pickle.dumps(record))
        print(f"{sum(map(len, record.values()))} states of {len(record)} explorers kept, from {aecourse.__file__}")
        return 0
    failed = 0
    for name, before in pickle.loads(file.read_bytes()).items():
        found = [each for pair in zip(before, record[name], strict=True) for each in differences(*pair)]
        failed += bool(found)
        print(f"{name}: {len(found)} differences", *found[:5], sep="\n  ")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
