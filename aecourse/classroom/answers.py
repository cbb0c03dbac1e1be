"""What a learner predicted and answered, read from the records saved in a notebook; nothing is run."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from aecourse.classroom.cells import error_line
from aecourse.classroom.notebook_files import tags
from aecourse.records import has_foreign_records, read_records

RIGHT, NOT_YET, NOT_ATTEMPTED, STOPPED, NOT_RUN = "right", "not yet", "not attempted", "stopped", "not run"
UNREADABLE = "not readable"  # another version of the course saved it
BEST_FIRST = (RIGHT, NOT_YET, STOPPED, UNREADABLE, NOT_ATTEMPTED, NOT_RUN)


@dataclass(frozen=True)
class SavedPrediction:
    """One question; `predicted` and `measured` are None where nothing was saved, and `missing` says why."""

    question: str
    predicted: str | None = None
    measured: str | None = None
    missing: str = NOT_RUN

    @property
    def right(self) -> bool:
        """Whether the learner predicted what was measured."""
        return self.predicted is not None and self.predicted == self.measured


@dataclass(frozen=True)
class Answer:
    """One exercise: the learner's code, the verdict saved with it, and a doubt if the two contradict each other."""

    name: str
    task: str
    code: str
    verdict: str
    detail: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class SavedExperiment:
    """One open experiment: the table that the learner filled, with None where nothing was measured, and a sentence."""

    name: str
    task: str
    table: dict[str, float | None] = field(default_factory=dict)
    sentence: str = ""
    complete: bool = False

    @property
    def begun(self) -> bool:
        """Whether anything was filled in."""
        return bool(self.sentence) or any(number is not None for number in self.table.values())


@dataclass(frozen=True)
class SavedNotebook:
    """What a saved notebook holds; `claims` counts those that held."""

    title: str
    predictions: list[SavedPrediction] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    experiments: list[SavedExperiment] = field(default_factory=list)
    claims: int = 0
    remarks: list[str] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        """Return how many answers have this verdict."""
        return sum(answer.verdict == verdict for answer in self.answers)


def read_answers(notebook: NotebookNode) -> SavedNotebook:
    """Return the predictions, answers and claims of a notebook, with remarks on how its cells were run."""
    cells = notebook.cells
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    title = re.search(r"^# (.+)$", prose, re.M)
    return SavedNotebook(
        title=title[1].strip() if title else "(no title)",
        predictions=_predictions(code),
        answers=_answers(code, prose),
        experiments=_experiments(code, prose),
        claims=sum(len(_records(cell, "claim")) for cell in code),
        remarks=_remarks(code),
    )


def _records(cell: NotebookNode, *kinds: str) -> list[dict]:
    """Return the saved records of these kinds."""
    return [record for record in read_records(cell.outputs) if record["kind"] in kinds]


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
            answer = Answer(name, _task(prose, name), cell.source, verdict, detail, _doubt(cell, verdict))
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
    if not (nodes := _nodes(cell.source)):
        return "This code is not valid Python: it was changed after it ran, or never ran."
    stub = any(map(_is_stub, nodes))
    if verdict == RIGHT and stub:
        return "Dots (…) stand where the answer should be, yet it is marked right: probably changed after it ran."
    if verdict == NOT_ATTEMPTED and not stub:
        return "The dots (…) are gone, yet it is marked as not attempted: changed after it ran, or the answer is None."
    return ""


def _is_stub(node: ast.AST) -> bool:
    """Whether dots stand for an answer: assigned, all that a function does, or alone on a line."""
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
    if any(later <= earlier for earlier, later in itertools.pairwise(counts)):
        remarks.append("Not run from top to bottom: a result may rest on something that is no longer there.")
    if errors := sum(output.output_type == "error" for cell in code for output in cell.outputs):
        remarks.append(f"Stopped with an error: {errors} of {len(code)} code cells.")
    if foreign := sum(has_foreign_records(cell.outputs) for cell in code):
        remarks.append(f"Saved by another version of the course, and not read: {foreign} of {len(code)} code cells.")
    return remarks


def _nodes(source: str) -> list[ast.AST]:
    python = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M)  # magic and shell commands
    try:
        return list(ast.walk(ast.parse(python)))
    except (SyntaxError, ValueError):
        return []
