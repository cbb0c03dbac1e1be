"""What the outputs of a saved cell hold: a question, or an error."""

from __future__ import annotations

import re

from nbformat import NotebookNode

from aecourse.records import read_records

ANSI = re.compile(r"\x1b\[[0-9;]*m")  # terminal colours


def has_question(cell: NotebookNode) -> bool:
    """Whether the cell asks for a prediction."""
    return any(record["kind"] == "question" for record in read_records(cell.get("outputs", [])))


def error_line(output: NotebookNode) -> str:
    """Return a saved error as one line, without its terminal colours."""
    return ANSI.sub("", f"{output.ename}: {output.evalue}")
