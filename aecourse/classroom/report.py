"""What a learner predicted and answered, on one page: `aecourse report`. Nothing is sent."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2

import aecourse
from aecourse.classroom import saved
from aecourse.classroom.answers import read_answers
from aecourse.classroom.formulas import prose
from aecourse.classroom.notebook_files import copies, find_notebooks, read_notebook, read_shipped
from aecourse.classroom.saved import SavedNotebook
from aecourse.files import write_whole, writing

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
        The learner's name, if the page should show it.
    today : datetime.date, optional
        The date on the page, by default today's.
    """
    beside = copies({file: notebook.made + notebook.attempted + notebook.claims for file, _, notebook in notebooks})
    return fill("report.html.j2", today, notebooks=notebooks, copies=beside, name=name, verdicts=saved)


def fill(template: str, today: datetime.date | None, **content) -> str:
    """Return a page made from a template, with the date and the version of the course."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    environment.filters["prose"] = prose
    date = f"{today or datetime.date.today():%Y-%m-%d}"
    return environment.get_template(template).render(date=date, version=aecourse.__version__, **content)


def write_report(folder: str | Path, to: str | Path, *, name: str = "") -> Path:
    """Read the saved notebooks of a folder and write the report; return its path.

    Raises
    ------
    ValueError
        If the folder is missing or empty, a file in it is not a notebook, or the report cannot be written.
    """
    notebooks = []
    for path in find_notebooks(folder):
        when = datetime.datetime.fromtimestamp(path.stat().st_mtime)
        notebook = read_answers(read_notebook(path), read_shipped(path.name))
        notebooks.append((path.name, f"{when:%Y-%m-%d %H:%M}", notebook))
    return write(to, render(notebooks, name=name))


def write(to: str | Path, text: str) -> Path:
    """Write a text, completely or not at all, with the folders above it; return its path."""
    to = Path(to)
    with writing("to must be a file", to):
        to.parent.mkdir(parents=True, exist_ok=True)
        return write_whole(to, text.encode("utf-8", "replace"))  # a file name may hold bytes that are not text


def main(arguments: list[str] | None = None) -> int:
    """Write the report, of one learner or a class, and say where it is."""
    from aecourse.classroom.class_report import write_class_report  # which needs this module

    parser = argparse.ArgumentParser(prog="aecourse report", description=__doc__)
    parser.add_argument("--name", default="", help="the learner's name, to stand on the page")
    places = Path("work", "notebooks"), Path("notebooks")
    default = next((place for place in places if place.is_dir()), places[1])
    parser.add_argument("--folder", type=Path, default=default, help="where the notebooks lie, by default %(default)s")
    parser.add_argument("--class", type=Path, dest="of_class", help="a folder that holds a folder for each learner")
    parser.add_argument("--to", type=Path, help="the page to write (build/report.html, build/class-report.html)")
    options = parser.parse_args(arguments)
    try:
        if options.of_class:
            page = write_class_report(options.of_class, options.to or Path("build/class-report.html"))
        else:
            page = write_report(options.folder, options.to or Path("build/report.html"), name=options.name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    beside = f" and {page.with_suffix('.csv').name} beside it" if options.of_class else ""
    print(f"Wrote {page}{beside}. It was sent nowhere" + ("." if options.of_class else ": hand it in yourself."))
    return 0
