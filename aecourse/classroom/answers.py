"""What a learner predicted and answered, read from the records saved in a notebook; nothing is run."""

from __future__ import annotations

import ast
import itertools
import math
import re

from nbformat import NotebookNode

from aecourse.classroom.cells import error_line, syntax_of
from aecourse.classroom.notebook_files import tags
from aecourse.classroom.run_here import blank_what_shipped, was_opened
from aecourse.classroom.saved import (
    BEST_FIRST,
    NOT_ATTEMPTED,
    NOT_RUN,
    RIGHT,
    STOPPED,
    UNREADABLE,
    Answer,
    MissedClaim,
    SavedExperiment,
    SavedNotebook,
    SavedPrediction,
)
from aecourse.records import bounds_in_words, claim_holds, has_foreign_records, read_records


def read_answers(notebook: NotebookNode, shipped: NotebookNode | None = None) -> SavedNotebook:
    """Return the predictions, answers and claims of a notebook, with remarks on how its cells were run.

    Parameters
    ----------
    notebook : NotebookNode
        As it was saved.
    shipped : NotebookNode, optional
        The same notebook as it ships: outputs that came with it are not the learner's.
    """
    cells = notebook.cells if shipped is None else blank_what_shipped(notebook, shipped)
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    claims = [_with_number(record) for cell in code for record in _records(cell, "claim")]
    missed = [MissedClaim(c["sentence"], c["value"], bounds_in_words(c)) for c in claims if not claim_holds(c)]
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    title = re.search(r"^# (.+)$", prose, re.M)
    return SavedNotebook(
        title=title[1].strip() if title else "(no title)",
        opened=shipped is None or was_opened(notebook, shipped, cells),
        predictions=_predictions(code),
        answers=_answers(code, prose),
        experiments=_experiments(code, prose),
        claims=len(claims) - len(missed),
        missed=missed,
        remarks=_remarks(code),
    )


def _records(cell: NotebookNode, *kinds: str) -> list[dict]:
    """Return the saved records of these kinds."""
    return [record for record in read_records(cell.outputs) if record["kind"] in kinds]


def _with_number(claim: dict) -> dict:
    """A claim as it was saved; a value that is not a JSON number, such as infinity, was kept as text."""
    try:
        return claim | {"value": float(claim["value"])}
    except (TypeError, ValueError):
        return claim | {"value": math.nan}


def _predictions(code: list[NotebookNode]) -> list[SavedPrediction]:
    """Return every question, in order, with what was predicted and measured when it was last revealed."""
    found: dict[str, SavedPrediction] = {}
    for cell in code:
        for name in re.findall(r"""\bPrediction\(\s*["'](\d\d\.\w+)["']""", cell.source):
            state = UNREADABLE if has_foreign_records(cell.outputs) else NOT_RUN
            found.setdefault(name, SavedPrediction(name, missing=state))
        for record in _records(cell, "question", "prediction"):
            before = found.get(record["name"], SavedPrediction(""))
            predicted, measured = record.get("predicted", before.predicted), record.get("measured", before.measured)
            found[record["name"]] = SavedPrediction(record["question"], predicted, measured)
    return list(found.values())


def _answers(code: list[NotebookNode], prose: str) -> list[Answer]:
    """Return one answer for each exercise: the best of several attempts, and never the notebook's own solution."""
    attempts: dict[str, list[Answer]] = {}
    for cell in filter(_is_learners, code):
        called = re.findall(r"""^check\(\s*["'](\d\d\.\d+)["']""", cell.source, re.M)
        for name in dict.fromkeys([*called, *(record["name"] for record in _records(cell, "exercise"))]):
            verdict, detail = _verdict(cell, name)
            doubt, later = _doubt(cell, verdict), _is_later(cell, code)
            answer = Answer(name, _task(prose, name), cell.source, verdict, detail, doubt, later)
            attempts.setdefault(name, []).append(answer)
    return [min(of_one, key=lambda a: BEST_FIRST.index(a.verdict)) for _, of_one in sorted(attempts.items())]


def _experiments(code: list[NotebookNode], prose: str) -> list[SavedExperiment]:
    """Return every open experiment as it was saved last, without the notebook's own solution."""
    found: dict[str, SavedExperiment] = {}
    for cell in filter(_is_learners, code):
        for name in re.findall(r"""^experiment\(\s*["'](\d\d\.\d+)["']""", cell.source, re.M):
            found.setdefault(name, SavedExperiment(name, _task(prose, name)))
        for record in _records(cell, "experiment"):
            name, saved = record["name"], {key: record[key] for key in ("table", "sentence", "complete")}
            found[name] = SavedExperiment(name, _task(prose, name), **saved)
    return list(found.values())


def _is_learners(cell: NotebookNode) -> bool:
    """Whether a cell is the learner's, not a solution that ships with the course."""
    return "solution" not in tags(cell) and not cell.source.lstrip().startswith("# Solution")


def _is_later(cell: NotebookNode, code: list[NotebookNode]) -> bool:
    """Whether an exercise was run after all cells below it that are not exercises."""
    below = itertools.dropwhile(lambda other: other is not cell, code)
    counts = [other.execution_count for other in below if other.execution_count and not _is_exercise(other)]
    return bool(cell.execution_count and counts) and cell.execution_count > max(counts)


def _is_exercise(cell: NotebookNode) -> bool:
    return bool({"exercise", "solution"} & {*tags(cell)} or _records(cell, "exercise"))


def _verdict(cell: NotebookNode, name: str) -> tuple[str, str]:
    """Return the verdict that the last `check` of this exercise left, and its hint."""
    records = [record for record in _records(cell, "exercise") if record["name"] == name]
    if records and records[-1]["outcome"] in BEST_FIRST:
        return records[-1]["outcome"], records[-1]["hint"]
    for output in cell.outputs:
        if output.output_type == "error":
            return STOPPED, error_line(output)
    if cell.outputs:
        return UNREADABLE, "Saved by another version of the course, or before the check stood here: run the cell again."
    return NOT_RUN, ""


def _doubt(cell: NotebookNode, verdict: str) -> str:
    """Say how code and verdict contradict each other, if they do, because the code was changed after it ran."""
    if not (nodes := syntax_of(cell.source)):
        return "This code is not valid Python: it was changed after it ran, or never ran."
    stub = any(map(_is_stub, nodes))
    if verdict == RIGHT and stub:
        return "Dots (…) stand where the answer should be, yet it is marked right: probably changed after it ran."
    if verdict == NOT_ATTEMPTED and not stub:
        return "The dots (…) are gone, yet it is marked as not attempted: changed after it ran, or the answer is None."
    return ""


def _is_stub(node: ast.AST) -> bool:
    """Whether `...` stands in place of an answer: assigned, as a whole function body, or alone on a line."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        unpacked = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List)
        values = node.value.elts if unpacked and isinstance(node.value, ast.Tuple | ast.List) else [node.value]
        return any(map(_is_dots, values))
    if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    constants = [
        line.value for line in node.body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    ]
    return any(map(_is_dots, constants)) and (isinstance(node, ast.Module) or len(constants) == len(node.body))


def _is_dots(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def _task(prose: str, name: str) -> str:
    """Return the paragraph that sets the exercise."""
    found = re.search(rf"^\*\*{re.escape(name)} \(.*?(?=\n\n|\Z)", prose, re.M | re.S)
    return found[0] if found else ""


def _remarks(code: list[NotebookNode]) -> list[str]:
    """Return what the saved cells tell about how they were run."""
    counts = [cell.execution_count for cell in code if cell.execution_count]
    missing, remarks = len(code) - len(counts), []
    if missing:
        remarks.append(f"Not run: {missing} of {len(code)} code cells.")
    in_turn = [c.execution_count for c in code if c.execution_count and not (_is_exercise(c) and _is_later(c, code))]
    if any(later <= earlier for earlier, later in itertools.pairwise(in_turn)):
        remarks.append("Not run from top to bottom: a result may rest on something that is no longer there.")
    if errors := sum(output.output_type == "error" for cell in code for output in cell.outputs):
        remarks.append(f"Stopped with an error: {errors} of {len(code)} code cells.")
    if foreign := sum(has_foreign_records(cell.outputs) for cell in code):
        remarks.append(f"Saved by another version of the course, and not read: {foreign} of {len(code)} code cells.")
    return remarks
