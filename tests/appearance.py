"""What every explorer shows, to compare two versions of the course.

`python tests/appearance.py store FILE` under the old one (PYTHONPATH names its folder), then `… compare FILE` under the
new one. Each explorer is moved through the same random states; its pictures, captions and charts are kept for each.
"""

from __future__ import annotations

import base64
import io
import pickle
import random
import re
import sys
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from PIL import Image

import aecourse

STATES = 60
GRAY_LEVELS = 1  # by which a picture may differ: another order of summation
PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
Shown = list[str | np.ndarray]


def move(control: widgets.Widget, rng: random.Random) -> None:
    """Give one control another value."""
    if hasattr(control, "_options_full"):
        control.index = rng.randrange(len(control._options_full))
    elif isinstance(control.value, bytes):
        end = rng.randrange(30 * control.side, 50 * control.side)
        ink = bytes(255 if 30 < i // control.side < 50 and 10 < i % control.side < 60 else 0 for i in range(end))
        control.value = ink + bytes(control.side**2 - end)
    elif isinstance(control.value, tuple):
        control.value = tuple(rng.uniform(low, high) for low, high in zip(control.min, control.max, strict=True))
    else:
        control.value = type(control.value)(rng.uniform(control.min, control.max))


def inside(widget: widgets.Widget):
    """A widget and all that is in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def shown(explorer: widgets.Widget) -> Shown:
    """Every sentence, chart and picture of an explorer, in order; pictures as arrays."""
    found: Shown = []
    for widget in inside(explorer):
        words = widget.value if isinstance(widget, widgets.HTML) else ""
        found.append(PICTURE.sub("", words))
        files = [base64.b64decode(coded) for coded in PICTURE.findall(words)]
        files += [widget.background] if getattr(widget, "background", b"") else []
        found += [np.asarray(Image.open(io.BytesIO(file)).convert("L"), np.int16) for file in files]
    return found


def explorers() -> dict[str, tuple[widgets.Widget, list[widgets.Widget]]]:
    """{name: (explorer, the controls to move)}."""
    generator = aecourse.GeneratorExplorer()
    plain = [
        aecourse.BottleneckExplorer(), aecourse.LatentMapExplorer(), aecourse.DrawingPad(), aecourse.StackExplorer(),
        aecourse.SparsityExplorer(), aecourse.RepairExplorer(), aecourse.ContractionExplorer(),
        aecourse.AnomalyExplorer(), aecourse.SearchExplorer(), *generator.panels.values(),
    ]  # fmt: skip
    panels = [aecourse.TrainingExplorer(), *filter(None, map(training_panel, [*plain, generator]))]
    found = {f"{type(each).__name__} {each.caption.value}": (each, [each.setting]) for each in panels}
    return found | {type(each).__name__: (each, list(each.controls.values())) for each in plain}


def training_panel(explorer: widgets.Widget) -> widgets.Widget | None:
    """The training panel below an explorer, opened; None if it has none."""
    buttons = [w for w in inside(explorer) if isinstance(w, widgets.ToggleButton) and "train" in w.description]
    if not buttons:
        return None
    buttons[0].value = True
    return next(w for w in inside(explorer) if isinstance(w, aecourse.TrainingExplorer))


def walk() -> dict[str, list[Shown]]:
    """{explorer: what it shows in each state}."""
    record = {}
    for name, (explorer, controls) in explorers().items():
        rng = random.Random(0)
        record[name] = [shown(explorer)]
        for _ in range(STATES):
            move(rng.choice(controls), rng)
            record[name].append(shown(explorer))
    return record


def differences(before: Shown, after: Shown) -> list[str]:
    """What differs between two states, in words."""
    if len(before) != len(after):
        return [f"{len(before)} things were shown, now {len(after)}"]
    found = []
    for old, new in zip(before, after, strict=True):
        if isinstance(old, str) or isinstance(new, str):
            found += [f"- {old}\n    + {new}"] if str(old) != str(new) else []
        elif old.shape != new.shape or np.abs(old - new).max(initial=0) > GRAY_LEVELS:
            share = np.mean(old != new) if old.shape == new.shape else 1
            found.append(f"a picture {old.shape} → {new.shape}, {share:.2%} of its pixels")
    return found


def main() -> int:
    """Store, or compare and say what differs."""
    action, file = sys.argv[1], Path(sys.argv[2])
    record = walk()
    if action == "store":
        file.write_bytes(pickle.dumps(record))
        print(f"{sum(map(len, record.values()))} states of {len(record)} explorers kept, from {aecourse.__file__}")
        return 0
    kept, failed = pickle.loads(file.read_bytes()), 0
    for name in kept.keys() | record.keys():
        pairs = zip(kept.get(name, []), record.get(name, []), strict=False)
        changed = [(i, found) for i, pair in enumerate(pairs) if (found := differences(*pair))]
        missing = "" if name in kept and name in record else ", only in one of the two"
        failed += bool(changed or missing)
        print(f"{name}: {len(changed)} of {len(kept.get(name, []))} states differ{missing}")
        for i, found in changed[:3]:
            print(f"  state {i}:", *found[:3], sep="\n    ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
