"""How much memory a student takes who runs a whole notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
ASK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"  # kilobytes on Linux


def peak(name: str, environment: dict[str, str]) -> float:
    """Megabytes that the kernel held at its fullest, all cells run from top to bottom."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK))
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.execute(env=environment)
    return int(notebook.cells[-1].outputs[0]["text"]) * 1024 / 1e6
