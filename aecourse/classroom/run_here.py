"""Which outputs of a saved notebook were made by its learner, and which came with the course."""

from __future__ import annotations

import copy

from nbformat import NotebookNode

from aecourse.classroom.cells import has_question
from aecourse.classroom.notebook_files import fingerprint
from aecourse.records import COPY


def blank_what_shipped(notebook: NotebookNode, shipped: NotebookNode) -> list[NotebookNode]:
    """Return the cells of a notebook without the outputs that came with it.

    An output that equals the shipped one to the letter counts as made here in two cases: in a working copy, which came
    without outputs, and where every question was run (it then holds a widget).
    """
    cells, twins = notebook.cells, {cell.id: cell for cell in shipped.cells}
    same = [_is_as_shipped(cell, twins.get(cell.id)) for cell in cells]
    questions = [is_same for cell, is_same in zip(cells, same, strict=True) if has_question(cell)]
    if notebook.metadata.get(COPY) or (questions and not any(questions)):
        return cells
    return [_blank(cell) if is_same else cell for cell, is_same in zip(cells, same, strict=True)]


def was_opened(notebook: NotebookNode, shipped: NotebookNode, cells: list[NotebookNode]) -> bool:
    """Whether something was run or written here; a working copy knows how it began, even after an update of the course.

    `cells` is what `blank_what_shipped` left of the notebook.
    """
    ran = any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    return ran or fingerprint(notebook) != notebook.metadata.get(COPY, fingerprint(shipped))


def _is_as_shipped(cell: NotebookNode, twin: NotebookNode | None) -> bool:
    if twin is None or not cell.get("execution_count"):
        return False
    return (cell.execution_count, cell.outputs) == (twin.get("execution_count"), twin.get("outputs"))


def _blank(cell: NotebookNode) -> NotebookNode:
    blank = copy.copy(cell)
    blank.outputs, blank.execution_count = [], None
    return blank
