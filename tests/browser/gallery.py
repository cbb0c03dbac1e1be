"""All explorers under each other in one notebook, so that one page shows every control of the course."""

from __future__ import annotations

from lab import Lab
from playwright.sync_api import Locator

from aecourse import widgets

NAMES = sorted(name for name in widgets.__all__ if name.endswith("Explorer") or name == "DrawingPad")
NAMES += [f"GeneratorExplorer {mode}" for mode in ("twenty", "between")]  # one that looks different in each mode
FILE = "gallery.ipynb"


def open_gallery(lab: Lab) -> dict[str, Locator]:
    """write the notebook, run it, and return each explorer by its name"""
    cells = []
    for place, name in enumerate(NAMES):
        explorer, *mode = name.split()
        source = f"from aecourse.widgets import {explorer}\n{explorer}(*{mode})"
        empty = {"metadata": {}, "outputs": [], "execution_count": None}
        cells.append({"cell_type": "code", "id": f"explorer-{place}", "source": source} | empty)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    server = lab.url.split("/lab/")[0]
    answer = lab.page.request.put(
        f"{server}/api/contents/notebooks/{FILE}?token=test", data={"type": "notebook", "content": notebook}
    )
    assert answer.ok, answer.text()
    lab.open(FILE)
    lab.run_all()
    return {name: show(lab, place) for place, name in enumerate(NAMES)}


def show(lab: Lab, place: int) -> Locator:
    """the explorer of one cell, scrolled into view: JupyterLab draws a cell when it is first seen"""
    lab.page.evaluate(
        """async (place) => {
          const board = window.jupyterapp.shell.currentWidget.content;
          board.activeCellIndex = place;
          await board.scrollToItem(place, 'start');
        }""",
        place,
    )
    explorer = lab.page.locator(f".jp-Cell[data-windowed-list-index='{place}'] .jp-OutputArea-output .aecourse").first
    explorer.locator(".aecourse-caption:visible").first.wait_for(timeout=60_000)
    return explorer
