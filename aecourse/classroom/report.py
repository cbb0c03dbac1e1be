"""What a learner predicted and answered, on one page: `python -m aecourse.classroom.report`. Nothing is sent."""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

import aecourse
from aecourse.classroom import answers
from aecourse.classroom.answers import SavedNotebook, read_answers
from aecourse.classroom.notebook_files import find_notebooks, read_notebook

SYMBOLS = {r"\ge": "≥", r"\le": "≤", r"\cdot": "·", r"\times": "×", r"\dots": "…"}
TEMPLATES = Path(str(resources.files("aecourse") / "assets" / "report"))


def render(
    notebooks: Sequence[tuple[str, str, SavedNotebook]], *, name: str = "", today: datetime.date | None = None
) -> str:
    """Return the report as one HTML page without scripts or external addresses.

    Parameters
    ----------
    notebooks : sequence of (str, str, SavedNotebook)
        For each notebook its file name, when it was saved, and what it holds.
    name : str
        The learner's name, if it is to stand on the page.
    today : datetime.date, optional
        The date on the page, by default today's.
    """
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    environment.filters["prose"] = prose
    page = environment.get_template("report.html.j2")
    date = f"{today or datetime.date.today():%Y-%m-%d}"
    return page.render(notebooks=notebooks, name=name, date=date, version=aecourse.__version__, answers=answers)


def prose(text: str) -> Markup:
    """Return a sentence of a notebook as HTML: bold, italics, code and formulas marked up, everything else escaped."""
    safe = str(escape(" ".join(text.split())))
    for command, symbol in SYMBOLS.items():
        safe = re.sub(re.escape(command) + r"(?![a-zA-Z])", symbol, safe)
    for pattern, tag in (
        (r"`([^`]+)`", "code"),
        (r"\*\*(.+?)\*\*", "strong"),
        (r"\*(.+?)\*", "em"),
        (r"\$([^$]+)\$", "var"),
    ):
        safe = re.sub(pattern, rf"<{tag}>\1</{tag}>", safe)
    return Markup(safe)


def write_report(folder: str | Path, to: str | Path, *, name: str = "") -> Path:
    """Read the saved notebooks of a folder and write the report; return its path.

    Raises
    ------
    ValueError
        If the folder is missing or empty, a file in it is not a notebook, or the report cannot be written.
    """
    notebooks = []
    for path in find_notebooks(folder):
        saved = datetime.datetime.fromtimestamp(path.stat().st_mtime)
        notebooks.append((path.name, f"{saved:%Y-%m-%d %H:%M}", read_answers(read_notebook(path))))
    to = Path(to)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(render(notebooks, name=name), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"to must be a file that can be written; {to}: {error.strerror}") from error
    return to


def main(arguments: list[str] | None = None) -> int:
    """Write the report and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m aecourse.classroom.report", description=__doc__)
    parser.add_argument("--name", default="", help="the learner's name, to stand on the page")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"), help="where the notebooks lie")
    parser.add_argument("--to", type=Path, default=Path("build/report.html"), help="the page to write")
    options = parser.parse_args(arguments)
    try:
        page = write_report(options.folder, options.to, name=options.name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Wrote {page}. It was sent nowhere: hand it in yourself.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
