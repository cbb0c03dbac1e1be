"""What a code cell is to an audience: a figure, a question, a measured answer, or code worth reading."""

from __future__ import annotations

import ast
import re

from nbformat import NotebookNode

from aecourse.classroom.layout import FULL
from aecourse.records import RECORD, read_records

ANSI = re.compile(r"\x1b\[[0-9;]*m")  # a terminal's colours
FIGURE = 9.0  # lines of a slide that a figure needs, to be seen from the last row
BESIDE_FIGURE = 3  # printed lines that may share a slide with a figure
SPOKEN = ("show", "plot_", "claim", "print", "reveal")  # calls that report, and teach nothing to the last row


def has_figure(cell: NotebookNode) -> bool:
    """whether the stored outputs hold a picture"""
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


def asks(cell: NotebookNode) -> bool:
    """whether the cell shows a prediction to be made"""
    return any(question(output) for output in cell.get("outputs", []))


def question(output: NotebookNode) -> tuple[str, list[str]] | None:
    """the question and its options, if the output is a prediction; else None"""
    asked = [record for record in read_records([output]) if record["kind"] == "question"]
    return (asked[0]["question"], asked[0]["options"]) if asked else None


def error_sentence(output: NotebookNode) -> str:
    """a saved error in one line, without its terminal colours"""
    return ANSI.sub("", f"{output.ename}: {output.evalue}")


def printed_lines(cell: NotebookNode) -> list[str]:
    """what the cell said when it was saved: what it printed, its verdicts, its claims; questions are no such line"""
    said = ""
    for output in cell.get("outputs", []):
        said += output.get("text", "")
        if RECORD in output.get("data", {}) and not question(output):
            said += output.data.get("text/plain", "") + "\n"
    return said.splitlines()


def hides_code(cell: NotebookNode) -> bool:
    """whether the code is the speaker's business: it asks, draws or reports"""
    if has_figure(cell) or asks(cell) or ".reveal(" in cell.source:
        return True
    statements = _statements(cell.source)
    return bool(statements) and all(_callee(statement).startswith(SPOKEN) for statement in statements)


def excerpt(source: str) -> str:
    """code as a slide shows it: without the claims, whose results stand below it, and without double blank lines"""
    lines = source.splitlines()
    for statement in _statements(source):
        if _callee(statement) == "claim":
            lines[statement.lineno - 1 : statement.end_lineno] = [""] * (statement.end_lineno - statement.lineno + 1)
    kept = re.sub(r"[ ]*# fmt: skip$", "", "\n".join(lines), flags=re.M).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", kept) or source


def code_height(cell: NotebookNode) -> float:
    """lines that the cell takes on its first slide: its source, if that is shown, and its outputs"""
    printed = 0.0 if has_figure(cell) and prints_apart(cell) else 0.8 * len(printed_lines(cell))
    return _source_height(cell) + printed + (FIGURE if has_figure(cell) else 0.0) + 6.0 * asks(cell)


def prints_apart(cell: NotebookNode) -> bool:
    """whether what the cell printed gets a slide of its own, so that its figure or its code can be read"""
    lines = len(printed_lines(cell))
    return (
        lines > BESIDE_FIGURE
        if has_figure(cell)
        else _source_height(cell) > 0 and _source_height(cell) + 0.8 * lines > FULL
    )


def _source_height(cell: NotebookNode) -> float:
    return 0.0 if hides_code(cell) else 0.5 + 0.7 * len(excerpt(cell.source).splitlines())


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a learner's half-written cell, or a magic command
        return []


def _callee(statement: ast.stmt) -> str:
    """the name of the function that a statement calls and whose result it drops; empty for other statements"""
    function = getattr(statement.value, "func", None) if isinstance(statement, ast.Expr) else None
    return getattr(function, "id", getattr(function, "attr", ""))
