"""The report on a class: many folders become one table, and a broken file loses nothing but itself."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import nbformat
import pytest
from helpers.learner import notebook, ran
from helpers.paths import NOTEBOOKS

from aecourse.classroom.class_report import COUNTS, write_class_report
from aecourse.classroom.report import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class of five: notebooks here, there and nowhere, one of them broken, one name that would be HTML."""
    done = notebook(
        ran('claim("77.c", "A share", 0.5, at_most=1)'),
        ran('check("00.1", 12.25)', count=2, tag="exercise"),
        ran('check("00.2", 3)', count=3, tag="exercise"),
    )
    learners = tmp_path / "class"
    for place in ("ada", "bob/notebooks", "<b>eve/work", "dan", "fay"):
        (learners / place).mkdir(parents=True)
    for place in ("ada", "bob/notebooks", "<b>eve/work"):
        nbformat.write(done, learners / place / "77_trial.ipynb")
    (learners / "bob" / "notebooks" / "78_broken.ipynb").write_text('{"cells": 3}')
    shutil.copy(NOTEBOOKS[0], learners / "fay")
    (learners / ".git").mkdir()
    (learners / "readme.txt").write_text("no learner")
    return learners


def test_one_line_for_each_learner_and_notebook(folder: Path, tmp_path: Path) -> None:
    """Right, attempted and run, as numbers; what cannot be read is named."""
    page = write_class_report(folder, tmp_path / "out" / "class.html")
    lines = list(csv.DictReader((tmp_path / "out" / "class.csv").read_text().splitlines()))
    assert [(line["learner"], line["notebook"], line["opened"]) for line in lines] == [
        ("<b>eve", "77_trial", "yes"),
        ("ada", "77_trial", "yes"),
        ("bob", "77_trial", "yes"),
        ("bob", "78_broken", ""),
        ("dan", "", ""),
        ("fay", NOTEBOOKS[0].stem, "no"),
    ]
    ada = {name: int(lines[1][name]) for name in COUNTS}
    assert ada == dict.fromkeys(COUNTS, 0) | {
        "exercises_right": 1, "exercises_attempted": 2, "exercises": 2, "claims_held": 1
    }  # fmt: skip
    assert "78_broken.ipynb is not a Jupyter notebook" in lines[3]["problem"]
    text = page.read_text()
    assert "&lt;b&gt;eve" in text and "<b>eve" not in text and ".git" not in text
    assert "bob: 78_broken.ipynb is not a Jupyter notebook" in text and "dan: no notebook" in text
    assert "<script" not in text and str(folder) not in text


def test_copies_of_one_notebook_count_once(folder: Path, tmp_path: Path) -> None:
    """The one in which most was done, under its own name; of equals the one that is no copy."""
    ada = folder / "ada"
    shutil.copy(ada / "77_trial.ipynb", ada / "77_trial-Copy1.ipynb")
    (ada / "77_trial_fresh.ipynb").write_text((ada / "77_trial.ipynb").read_text("utf-8"), encoding="utf-8")
    more = folder / "bob" / "notebooks"
    shutil.copy(more / "77_trial.ipynb", more / "77_trial (1).ipynb")
    nbformat.write(notebook(), more / "77_trial.ipynb")
    write_class_report(folder, tmp_path / "class.html")
    lines = list(csv.DictReader((tmp_path / "class.csv").read_text().splitlines()))
    counted = [
        (line["learner"], line["notebook"], line["exercises_right"]) for line in lines if "77" in line["notebook"]
    ]
    assert counted == [("<b>eve", "77_trial", "1"), ("ada", "77_trial", "1"), ("bob", "77_trial (1)", "1")]
    assert (tmp_path / "class.html").read_text().count('<th scope="col">77') == 1


def test_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Both files are named; a wrong folder is, too."""
    assert main(["--class", str(folder), "--to", str(tmp_path / "a.html")]) == 0
    assert "a.html and a.csv beside it" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    for wrong in ("nowhere", "empty"):
        assert main(["--class", str(tmp_path / wrong), "--to", str(tmp_path / "b.html")]) == 1
        assert wrong in capsys.readouterr().err
