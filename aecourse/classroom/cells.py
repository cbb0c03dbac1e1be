"""What a code cell brings to a slide: a figure, a question, a measured answer, or code worth reading."""

from __future__ import annotations

import ast
import re

from nbformat import NotebookNode

from aecourse.classroom.layout import MAX_HEIGHT
from aecourse.records import RECORD, read_records

ANSI = re.compile(r"\x1b\[[0-9;]*m")  # terminal colours
FIGURE_HEIGHT = 9.0  # lines of a slide that a figure needs to be readable from the last row
LINES_BESIDE_FIGURE = 3  # printed lines that may share a slide with a figure
REPORTING = ("show", "plot_", "claim", "print", "reveal")  # calls whose code an audience need not see


def has_figure(cell: NotebookNode) -> bool:
    """Whether the stored outputs hold a figure."""
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


def has_question(cell: NotebookNode) -> bool:
    """Whether the cell asks for a prediction."""
    return any(read_question(output) for output in cell.get("outputs", []))


def read_question(output: NotebookNode) -> tuple[str, list[str]] | None:
    """Return the question and its options if the output asks for a prediction, else None."""
    asked = [record for record in read_records([output]) if record["kind"] == "question"]
    return (asked[0]["question"], asked[0]["options"]) if asked else None


def error_line(output: NotebookNode) -> str:
    """Return a saved error as one line, without its terminal colours."""
    return ANSI.sub("", f"{output.ename}: {output.evalue}")


def printed_lines(cell: NotebookNode) -> list[str]:
    """Return the lines that the cell printed, with the sentences of its claims and exercises but without questions."""
    said = ""
    for output in cell.get("outputs", []):
        said += output.get("text", "")
        if RECORD in output.get("data", {}) and not read_question(output):
            said += output.data.get("text/plain", "") + "\n"
    return said.splitlines()


def hides_code(cell: NotebookNode) -> bool:
    """Whether the code goes into the speaker's notes, because it asks, draws or reports."""
    if has_figure(cell) or has_question(cell) or ".reveal(" in cell.source:
        return True
    statements = _statements(cell.source)
    return bool(statements) and all(_callee(statement).startswith(REPORTING) for statement in statements)


def excerpt(source: str) -> str:
    """Return code as a slide shows it: without claims, whose results stand below it, and without double blank lines."""
    lines = source.splitlines()
    for statement in _statements(source):
        if _callee(statement) == "claim":
            lines[statement.lineno - 1 : statement.end_lineno] = [""] * (statement.end_lineno - statement.lineno + 1)
    kept = re.sub(r"[ ]*# fmt: skip$", "", "\n".join(lines), flags=re.M).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", kept) or source


def code_height(cell: NotebookNode) -> float:
    """Return how many lines the cell takes on its first slide: its source, if that is shown, and its outputs."""
    printed = 0.0 if has_figure(cell) and splits_printed(cell) else 0.8 * len(printed_lines(cell))
    return _source_height(cell) + printed + (FIGURE_HEIGHT if has_figure(cell) else 0.0) + 6.0 * has_question(cell)


def splits_printed(cell: NotebookNode) -> bool:
    """Whether the printed lines get a slide of their own, so that the figure or the code stays readable."""
    lines = len(printed_lines(cell))
    return (
        lines > LINES_BESIDE_FIGURE
        if has_figure(cell)
        else _source_height(cell) > 0 and _source_height(cell) + 0.8 * lines > MAX_HEIGHT
    )


def _source_height(cell: NotebookNode) -> float:
    return 0.0 if hides_code(cell) else 0.5 + 0.7 * len(excerpt(cell.source).splitlines())


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a learner's half-written cell, or a magic command
        return []


def _callee(statement: ast.stmt) -> str:
    """Return the name of the function that a statement calls without using its result; empty for other statements."""
    function = getattr(statement.value, "func", None) if isinstance(statement, ast.Expr) else None
    return getattr(function, "id", getattr(function, "attr", ""))
