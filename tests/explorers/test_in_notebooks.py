"""In every notebook the set-up cell and the explorer's own cell are enough to use the explorer."""

import ast
from pathlib import Path

import matplotlib as mpl
import pytest
from helpers.notebooks import code_cells, read, set_up, shows_explorer
from helpers.paths import NOTEBOOKS

from aecourse.device import own_random_numbers
from aecourse.explorers.base.page import Explorer

LESSONS = [path for path in NOTEBOOKS if path.stem != "10_demo_board"]


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_an_explorers_cell_needs_only_the_set_up(path: Path) -> None:
    """In a kernel in which nothing else was run; in 00, whose first cell it is, not even the set-up."""
    notebook = read(path)
    cells = [cell.source for cell in code_cells(notebook) if shows_explorer(cell)]
    assert cells
    for cell in cells:
        space, before = {}, "" if path.stem == "00_start_here" else set_up(notebook).source
        with own_random_numbers(), mpl.rc_context():
            exec(before, space)
            *_, last = cell.splitlines()
            exec(cell.removesuffix(last), space)
            assert isinstance(eval(last, space), Explorer)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_other_cell_needs_an_explorers_cell(path: Path) -> None:
    """A learner may skip it: what it defines or imports is used only there, or comes from elsewhere too."""
    given, needed = set(), set()
    for cell in code_cells(read(path)):
        nodes = list(ast.walk(ast.parse(cell.source)))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        made |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
        if shows_explorer(cell):
            given |= made - needed
        else:
            given -= made | {node.arg for node in nodes if isinstance(node, ast.arg)}
            used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            assert not (used & given), used & given
            needed |= made
