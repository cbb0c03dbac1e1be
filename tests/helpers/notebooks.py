"""Readers of stored notebooks."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook as stored."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook) -> list:
    """The cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shows_explorer(cell) -> bool:
    """Whether a cell of code builds an explorer."""
    return "Explorer(" in cell.source or "DrawingPad(" in cell.source


def set_up(notebook):
    """The cell with the imports, the seed and the device: in 00 the second one, else the first."""
    return next(cell for cell in code_cells(notebook) if "pick_device()" in cell.source)


def prose(notebook) -> str:
    """All text cells in one string."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def words(text: str) -> list[str]:
    """The words of a text that are read as sentences: no formulas, tables, code blocks or marks."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$|<[^>]*>|\]\([^)]*\)", " ", text, flags=re.S)
    text = re.sub(r"\$[^$\n]*\$|`[^`\n]*`", " ", re.sub(r"^\s*\|.*", " ", text, flags=re.M))
    return re.findall(r"[A-Za-z][\w'’-]*", text)


def program(notebook) -> str:
    """All code cells in one string."""
    return "\n\n".join(cell.source for cell in code_cells(notebook))


def outputs(notebook) -> list:
    """Every stored output."""
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def links(text: str) -> list[str]:
    """The targets of Markdown links and pictures that lie in this repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [unquote(t.split("#")[0]) for t in targets if not re.match(r"https?:|mailto:|#", t)]
