"""What the learners of a class predicted and answered, in one table: `aecourse report --class`."""

from __future__ import annotations

import csv
import datetime
import functools
import io
from pathlib import Path

from aecourse.classroom.answers import read_answers
from aecourse.classroom.notebook_files import copies, find_notebooks, original_of, read_notebook, read_shipped
from aecourse.classroom.report import fill, write
from aecourse.classroom.saved import RIGHT, SavedNotebook

PLACES = (".", "notebooks", "work", "work/notebooks")  # where notebooks may lie in a learner's folder
COUNTS = (
    "predictions_right", "predictions_made", "predictions", "exercises_right", "exercises_attempted", "exercises",
    "claims_held", "claims_missed", "experiments_complete", "experiments",
)  # fmt: skip
DONE = ("predictions_made", "exercises_attempted", "claims_held", "claims_missed")
Row = dict[str, str | int]  # a line of the CSV file

_shipped = functools.cache(read_shipped)


def write_class_report(folder: str | Path, to: str | Path, *, today: datetime.date | None = None) -> Path:
    """Join the notebooks of many learners into one page and a CSV file beside it; return the page's path.

    Parameters
    ----------
    folder : str or Path
        Holds one folder for each learner, with notebooks in it, or in its `notebooks` or `work`.
    to : str or Path
        The page; the CSV file has its name, ending in .csv.

    Raises
    ------
    ValueError
        If there is no such folder, no learner in it, or a file cannot be written. A notebook that cannot be read is
        named on the page; all others are kept.
    """
    folder, to = Path(folder), Path(to)
    if not folder.is_dir():
        raise ValueError(f"folder must be a folder with one folder for each learner; there is no {str(folder)!r}")
    homes = sorted(home for home in folder.iterdir() if home.is_dir() and not home.name.startswith("."))
    if not homes:
        raise ValueError(f"folder must hold one folder for each learner; {str(folder)!r} holds none")
    learners = {home.name: read_learner(home) for home in homes}
    rows = [row for rows in learners.values() for row in rows.values()]
    content = {
        "learners": learners,
        "names": sorted({name for rows in learners.values() for name in rows} - {""}),
        "problems": [f"{row['learner']}: {row['problem']}" for row in rows if row["problem"]],
        "totals": {
            learner: {n: sum(int(r[n]) for r in rows.values()) for n in COUNTS} for learner, rows in learners.items()
        },
        "csv": to.with_suffix(".csv").name,
    }
    table = io.StringIO(newline="")
    lines = csv.DictWriter(table, ["learner", "notebook", "opened", *COUNTS, "problem"], lineterminator="\n")
    lines.writeheader()
    lines.writerows({field: _as_text(value) for field, value in row.items()} for row in rows)
    write(to.with_suffix(".csv"), table.getvalue())
    return write(to, fill("class.html.j2", today, **content))


def _as_text(value: str | int) -> str | int:
    """Return a value for the CSV file; after an apostrophe a spreadsheet reads a formula as text."""
    return f"'{value}" if isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@")) else value


def read_learner(home: Path) -> dict[str, Row]:
    """Return {notebook: its line} of one learner; of several copies, the most complete one counts.

    A broken notebook's line says what is wrong.
    """
    for place in PLACES:
        if any((home / place).glob("[0-9]*.ipynb")):
            paths = find_notebooks(home / place)
            rows = {path.name: _row(home.name, path) for path in paths}
            beside = copies({name: sum(int(row[n]) for n in DONE) for name, row in rows.items()})
            return {original_of(name): row for name, row in rows.items() if name not in beside}
    return {"": _line(home.name, "", f"no notebook in {home.name} or in its {', '.join(PLACES[1:])}")}


def _row(learner: str, path: Path) -> Row:
    try:
        return _line(learner, path.stem, "", read_answers(read_notebook(path), _shipped(path.name)))
    except Exception as error:  # whatever is wrong with one file, the others count
        words = str(error).replace(str(path), path.name)
        return _line(learner, path.stem, words if path.name in words else f"{path.name}: {words}")


def _line(learner: str, notebook: str, problem: str, saved: SavedNotebook | None = None) -> Row:
    line: Row = {"learner": learner, "notebook": notebook, "opened": "", **dict.fromkeys(COUNTS, 0)}
    if saved is not None:
        line["opened"] = "yes" if saved.opened else "no"
        numbers = (
            saved.hit, saved.made, len(saved.predictions), saved.count(RIGHT), saved.attempted, len(saved.answers),
            saved.claims, len(saved.missed), saved.complete, len(saved.experiments),
        )  # fmt: skip
        line |= dict(zip(COUNTS, numbers, strict=True))
    return line | {"problem": problem}
