"""What a learner predicted and answered, read from the outputs saved in a notebook. Nothing is run."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from aecourse.classroom.cells import error_sentence, question
from aecourse.classroom.shelf import tags

RIGHT, HINT, UNTOUCHED, STOPPED, NOT_RUN = "right", "not yet", "not attempted", "stopped", "not run"
BEST_FIRST = (RIGHT, HINT, STOPPED, UNTOUCHED, NOT_RUN)


@dataclass(frozen=True)
class Forecast:
    """one question and what became of it; `predicted` and `measured` are None where nothing was saved"""

    question: str
    predicted: str | None = None
    measured: str | None = None

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
        claims=sum(len(re.findall(r"^✓ .*\(claimed: ", said(cell), re.M)) for cell in code),
        remarks=_remarks(code),
    )


def said(cell: NotebookNode) -> str:
    """everything the cell printed when it was saved"""
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


def _forecasts(code: list[NotebookNode]) -> list[Forecast]:
    """every question, in order, with the sentence that its `reveal` printed"""
    asked: dict[str, tuple[int, list[str]]] = {}  # {variable: (place in the list, options)}
    found: list[Forecast] = []
    for cell in code:
        printed = re.findall(r"^Measured: (.*)$", said(cell), re.M)
        shown = [words for output in cell.outputs if (words := question(output))]
        for kind, name, call in _events(cell.source):
            if kind == "asks":
                words, options = _literal(call) or (shown.pop(0) if shown else ("(the question was not saved)", []))
                asked[name] = len(found), options
                found.append(Forecast(words))
            elif name in asked and printed:
                place, options = asked[name]
                found[place] = Forecast(found[place].question, *_understand(printed.pop(0), options))
    return found


def _events(source: str) -> list[tuple[str, str, ast.Call]]:
    """("asks", variable, call) for `variable = Prediction(…)`, ("reveals", …) for `variable.reveal(…)`, line by line"""
    events = []
    for node in _nodes(source):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            if getattr(node.value.func, "id", "") == "Prediction":
                events.append(("asks", node.targets[0].id, node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reveal":
            events.append(("reveals", getattr(node.func.value, "id", ""), node))
    return sorted(events, key=lambda event: event[2].lineno)


def _literal(call: ast.Call) -> tuple[str, list[str]] | None:
    """question and options of a prediction if both are written out in the code"""
    try:
        words, options = map(ast.literal_eval, call.args)
        return str(words), [str(option) for option in options]
    except (TypeError, ValueError):
        return None


def _understand(sentence: str, options: list[str]) -> tuple[str | None, str | None]:
    """(predicted, measured) from the sentence behind "Measured: "; the options tell where an answer ends"""
    for measured in sorted(options, key=len, reverse=True):
        if not sentence.startswith(f"{measured}. "):
            continue
        rest = sentence.removeprefix(f"{measured}. ")
        if rest.startswith("You predicted just that."):
            return measured, measured
        predicted = [option for option in options if rest.startswith(f"You predicted {option}: ")]
        return (max(predicted, key=len) if predicted else None), measured
    return None, None


def _answers(code: list[NotebookNode], prose: str) -> list[Answer]:
    """one answer for each exercise; of several tries the best, and never the solution that ships with the notebook"""
    tries: dict[str, list[Answer]] = {}
    for cell in code:
        if "solution" in tags(cell) or cell.source.lstrip().startswith("# Solution"):
            continue
        for name in re.findall(r"""^check\(\s*["'](\d\d\.\d+)["']""", cell.source, re.M):
            verdict, detail = _verdict(cell, name)
            answer = Answer(name, _task(prose, name), cell.source, verdict, detail, _doubt(cell, verdict))
            tries.setdefault(name, []).append(answer)
    return [min(attempts, key=lambda a: BEST_FIRST.index(a.verdict)) for _, attempts in sorted(tries.items())]


def _verdict(cell: NotebookNode, name: str) -> tuple[str, str]:
    """the verdict that the last `check` of this exercise printed, and its hint"""
    head = f"Exercise {name}: "
    _, found, tail = said(cell).rpartition(head)
    if found:
        for start, verdict in (("✓ right", RIGHT), ("not attempted", UNTOUCHED), ("not yet. Hint: ", HINT)):
            if tail.startswith(start):
                hint = tail.removeprefix(start).split("\nExercise ")[0].strip()
                return verdict, hint if verdict == HINT else ""
    for output in cell.outputs:
        if output.output_type == "error":
            return STOPPED, error_sentence(output)
    return NOT_RUN, ""


def _doubt(cell: NotebookNode, verdict: str) -> str:
    """where code and verdict contradict each other: the code was changed after it ran"""
    dots = any(isinstance(node, ast.Constant) and node.value is ... for node in _nodes(cell.source))
    if (verdict == RIGHT and dots) or (verdict == UNTOUCHED and not dots):
        return "This code does not fit its verdict: it was probably changed after it ran."
    return "" if _nodes(cell.source) else "This code is not valid Python: it was changed after it ran, or never ran."


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
    return remarks


def _nodes(source: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return []
