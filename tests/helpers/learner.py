"""Notebooks as a learner leaves them, made cell by cell."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
from unittest.mock import patch

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aecourse.exercises import Prediction, check, claim


def ran(source: str, *, count: int = 1, tag: str = "", space: dict | None = None) -> nbformat.NotebookNode:
    """A code cell with the outputs that its source really makes: what it prints, displays and ends with, its error."""
    space = {"check": check, "claim": claim, "Prediction": Prediction} if space is None else space
    printed, outputs = io.StringIO(), []
    linecache.cache["cell"] = len(source), None, source.splitlines(keepends=True), "cell"  # as IPython does

    def display(data: dict, raw: bool, metadata: dict | None) -> None:
        outputs.append(new_output("display_data", data=data, metadata=metadata or {}))

    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        body, last = [*body, last], ast.Expr(ast.Constant(None))
    in_notebook = patch("IPython.get_ipython", object), patch("IPython.display.display", display)
    try:
        with contextlib.redirect_stdout(printed), in_notebook[0], in_notebook[1]:
            exec(compile(ast.Module(body, []), "cell", "exec"), space)
            shown = eval(compile(ast.fix_missing_locations(ast.Expression(last.value)), "cell", "eval"), space)
        if isinstance(shown, Prediction):
            data, metadata = shown._repr_mimebundle_()
            outputs.append(new_output("execute_result", data=data, metadata=metadata, execution_count=count))
    except Exception as error:
        outputs = [new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])]
    if printed.getvalue():
        outputs.insert(0, new_output("stream", name="stdout", text=printed.getvalue()))
    return new_code_cell(source, execution_count=count, outputs=outputs, metadata={"tags": [tag]} if tag else {})


def notebook(*cells: nbformat.NotebookNode, title: str = "00 · A trial") -> nbformat.NotebookNode:
    """A notebook with a title."""
    return new_notebook(cells=[new_markdown_cell(f"# {title}"), *cells])
