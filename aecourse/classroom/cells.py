"""What a saved cell holds: its code as Python reads it; of its outputs a question, or an error."""

from __future__ import annotations

import ast
import re

from nbformat import NotebookNode

from aecourse.records import read_records

ANSI = re.compile(r"\x1b\[[0-9;]*m")  # terminal colours


def syntax_of(source: str) -> list[ast.AST]:
    """Return all nodes of the code of a cell, as `ast` names them; none if it is no Python."""
    python = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M)  # magic and shell commands
    try:
        return list(ast.walk(ast.parse(python)))
    except (SyntaxError, ValueError):
        return []


def has_question(cell: NotebookNode) -> bool:
    """Whether the cell asks for a prediction."""
    return any(record["kind"] == "question" for record in read_records(cell.get("outputs", [])))


def error_line(output: NotebookNode) -> str:
    """Return a saved error as one line, without its terminal colours."""
    return ANSI.sub("", f"{output.ename}: {output.evalue}")
