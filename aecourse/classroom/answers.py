"""What a learner predicted and answered, read from the records saved in a notebook. Nothing is run."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from aecourse.classroom.cells import error_sentence
from aecourse.classroom.shelf import tags
from aecourse.records import has_foreign_records, read_records

RIGHT, HINT, UNTOUCHED, STOPPED, NOT_RUN = "right", "not yet", "not attempted", "stopped", "not run"
UNREADABLE = "not readable"  # another version of the course saved it
BEST_FIRST = (RIGHT, HINT, STOPPED, UNREADABLE, UNTOUCHED, NOT_RUN)


@dataclass(frozen=True)
class Forecast:
    """one question and what became of it; `predicted` and `measured` are None where nothing was saved, and why"""

    question: str
    predicted: str | None = None
    measured: str | None = None
    missing: str = NOT_RUN

    @property
    def right(self) -> bool:
        """whether the learner predicted what was measured"""
        return self.predicted is not None and self.predicted == self.measured


@dataclass(frozen=True)
class Answer:
    """one exercise: the learner's code, the verdict saved with it, and a doubt about the two if there is one"""

    name: str
    task: str
    code: str
    verdict: str
    detail: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Reading:
    """one notebook as saved"""

    title: str
    forecasts: list[Forecast] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    claims: int = 0
    remarks: list[str] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        """how many answers have this verdict"""
        return sum(answer.verdict == verdict for answer in self.answers)


def read_answers(notebook: NotebookNode) -> Reading:
    """predictions, answers, claims that held, and what the saved cells tell about how they were run"""
    cells = notebook.cells
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    title = re.search(r"^# (.+)$", prose, re.M)
    return Reading(
        title=title[1].strip() if title else "(no title)",
        forecasts=_forecasts(code),
        answers=_answers(code, prose),
        claims=sum(len(_records(cell, "claim")) for cell in code),
        remarks=_remarks(code),
    )


def _records(cell: NotebookNode, *kinds: str) -> list[dict]:
    """the saved records of these kinds"""
    return [record for record in read_records(cell.outputs) if record["kind"] in kinds]


def _forecasts(code: list[NotebookNode]) -> list[Forecast]:
    """every question, in order, with what was predicted and measured when it was last revealed"""
    found: dict[str, Forecast] = {}
    for cell in code:
        for name in re.findall(r"""\bPrediction\(\s*["'](\d\d\.\w+)["']""", cell.source):
            state = UNREADABLE if has_foreign_records(cell.outputs) else NOT_RUN
            found.setdefault(name, Forecast(name, missing=state))
        for record in _records(cell, "question", "prediction"):
            said = found.get(record["name"], Forecast(""))
            predicted, measured = record.get("predicted", said.predicted), record.get("measured", said.measured)
            found[record["name"]] = Forecast(record["question"], predicted, measured)
    return list(found.values())


def _answers(code: list[NotebookNode], prose: str) -> list[Answer]:
    """one answer for each exercise; of several tries the best, and never the solution that ships with the notebook"""
    tries: dict[str, list[Answer]] = {}
    for cell in code:
        if "solution" in tags(cell) or cell.source.lstrip().startswith("# Solution"):
            continue
        called = re.findall(r"""^check\(\s*["'](\d\d\.\d+)["']""", cell.source, re.M)
        for name in dict.fromkeys([*called, *(record["name"] for record in _records(cell, "exercise"))]):
            verdict, detail = _verdict(cell, name)
            answer = Answer(name, _task(prose, name), cell.source, verdict, detail, _doubt(cell, verdict))
            tries.setdefault(name, []).append(answer)
    return [min(attempts, key=lambda a: BEST_FIRST.index(a.verdict)) for _, attempts in sorted(tries.items())]


def _verdict(cell: NotebookNode, name: str) -> tuple[str, str]:
    """the verdict that the last `check` of this exercise left, and its hint"""
    marks = [record for record in _records(cell, "exercise") if record["name"] == name]
    if marks and marks[-1]["outcome"] in BEST_FIRST:
        return marks[-1]["outcome"], marks[-1]["hint"]
    for output in cell.outputs:
        if output.output_type == "error":
            return STOPPED, error_sentence(output)
    if cell.outputs:
        return UNREADABLE, "Saved by another version of the course, or before the check stood here: run the cell again."
    return NOT_RUN, ""


def _doubt(cell: NotebookNode, verdict: str) -> str:
    """where code and verdict contradict each other: the code was changed after it ran"""
    if not (nodes := _nodes(cell.source)):
        return "This code is not valid Python: it was changed after it ran, or never ran."
    stub = any(map(_is_stub, nodes))
    if verdict == RIGHT and stub:
        return "Dots (…) stand where the answer should be, yet it is marked right: probably changed after it ran."
    if verdict == UNTOUCHED and not stub:
        return "The dots (…) are gone, yet it is marked as not attempted: changed after it ran, or the answer is None."
    return ""


def _is_stub(node: ast.AST) -> bool:
    """whether dots stand for an answer: assigned, all that a function does, or alone on a line; other dots are code"""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        unpacked = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List)
        values = node.value.elts if unpacked and isinstance(node.value, ast.Tuple | ast.List) else [node.value]
        return any(map(_is_dots, values))
    if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    idle = [line.value for line in node.body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)]
    return any(map(_is_dots, idle)) and (isinstance(node, ast.Module) or len(idle) == len(node.body))


def _is_dots(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def _task(prose: str, name: str) -> str:
    """the paragraph that sets the exercise"""
    found = re.search(rf"^\*\*{re.escape(name)} \(.*?(?=\n\n|\Z)", prose, re.M | re.S)
    return found[0] if found else ""


def _remarks(code: list[NotebookNode]) -> list[str]:
    """what the execution counts tell about the order in which the cells were run"""
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
    python = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M)  # Jupyter's own commands
    try:
        return list(ast.walk(ast.parse(python)))
    except (SyntaxError, ValueError):
        return []
