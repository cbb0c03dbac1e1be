"""All explorers under each other in one notebook, so that one page shows every control of the course, and a figure."""

from __future__ import annotations

from browser.lab import Lab

from aecourse import explorers

NAMES = sorted(name for name in explorers.__all__ if name.endswith("Explorer") or name == "DrawingPad")
NAMES += [f"GeneratorExplorer {mode}" for mode in ("twenty", "between")]  # one that looks different in each mode
FIGURE = """import numpy as np
from aecourse.plotting import plot_image, show
show(plot_image(np.zeros((28, 28)), title="A black picture", vmin=0, vmax=1), alt="a black picture on white paper")"""
FILE = "gallery.ipynb"


def open_gallery(lab: Lab) -> None:
    """Write the notebook and run it; `lab.show(NAMES.index(name))` then shows an explorer."""
    sources = []
    for name in NAMES:
        explorer, *mode = name.split()
        sources.append(f"from aecourse.explorers import {explorer}\n{explorer}(*{mode})")
    lab.write(FILE, [*sources, FIGURE])
    lab.run_all()
