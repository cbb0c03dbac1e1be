"""The teacher's guide keeps up with the course: notebooks, minutes, exercises and answers, explorers, plans."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import torch
from helpers.notebooks import program, prose, read
from helpers.paths import NOTEBOOKS, ROOT

import aecourse.explorers
from aecourse.exercises.checking import EXERCISES, mark
from aecourse.explorers.board.demos import DEMOS

PAGES = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "guide").glob("*.md"))}
GUIDE = "\n".join(PAGES.values())
PARTS = (
    "**Promise**", "**Time**", "## Ask first", "## The misconception", "## Show in class", "## Exercises",
    "## Short of time", "## Project this figure", "## Discuss at the end",
)  # fmt: skip
TIMED = [path for path in NOTEBOOKS if "**Time** about" in prose(read(path))]
ONE_LINERS = {
    "00.2": "x, x_hat", "01.1": "n", "01.3": "x, x_hat", "02.2": "side, width, stride, padding",
    "02.4": "model, a, b, t", "03.3": "E, D, M", "03.4": "z, kept", "04.3": "below, above, gain", "05.1": "units, k",
    "05.2": "a, lam", "06.3": "x, x_hat, sigma, after", "07.1": "J, v", "07.2": "z, W",
    "08.3": "x, x_hat, kl, sigma", "08.4": "log_w", "09.1": "normal, abnormal, threshold",
}  # fmt: skip

OPEN = {name for path in TIMED for name in re.findall(r"\*\*(\d\d\.\d) \(open\)\*\*", prose(read(path)))}

timed_notebook = pytest.mark.parametrize("path", TIMED, ids=lambda path: path.stem)


def part(heading: str) -> str:
    """From the line that begins with this heading to the next of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    start = re.search(rf"^{re.escape(heading)}", GUIDE, re.M)
    assert start, f"the guide has no part {heading!r}"
    end = re.search(rf"^#{{1,{level}}} ", GUIDE[start.end() :], re.M)
    return GUIDE[start.start() : start.end() + end.start()] if end else GUIDE[start.start() :]


def section(path: Path) -> str:
    """What the guide says about a notebook."""
    return part(f"# {path.name[:2]} · ")


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def answer(name: str) -> str:
    """What the guide answers to an exercise, on one line."""
    found = re.search(rf"^- \*\*{re.escape(name)} \(.*?(?=^- |^$)", GUIDE, re.M | re.S)
    assert found, f"the guide has no answer to {name}"
    return " ".join(found.group().split())


def minutes_of(lesson: str) -> int:
    """What a plan's "01, sections 3 to 8; 03, section 1" takes, by the tables of the notebooks."""
    total = 0
    for piece in lesson.split(";"):
        found = re.match(r"\s*\[?(\d\d)\b", piece)
        if not found:
            continue
        columns = rows(part(f"# {found.group(1)} · "))[0][1:]
        named = re.findall(r"\d+", piece.split("section")[1]) if "section" in piece else range(1, len(columns) + 1)
        if re.search(r"sections \d+ to \d+", piece):
            named = range(int(named[0]), int(named[1]) + 1)
        total += sum(int(columns[int(number) - 1]) for number in named)
    return total


def test_every_notebook_has_its_section_with_its_title() -> None:
    """One page a notebook, in order, under the notebook's own title, with a link to it."""
    titles = [re.search(r"^# (\d\d · .+)$", prose(read(path)), re.M).group(1) for path in NOTEBOOKS]
    assert re.findall(r"^# (\d\d · .+)$", GUIDE, re.M) == titles
    for path in NOTEBOOKS:
        assert f"](../notebooks/{path.name})" in section(path) or path not in TIMED
    assert "](../board.html)" in section(NOTEBOOKS[-1])


@timed_notebook
def test_a_section_has_all_parts_in_order(path: Path) -> None:
    """From the promise to the last question, and nothing empty."""
    text = section(path)
    places = [text.find(name) for name in PARTS]
    assert -1 not in places and places == sorted(places)
    ends = [*places[1:], len(text)]
    for name, start, end in zip(PARTS, places, ends, strict=True):
        assert len(text[start + len(name) : end].split()) >= 5, f"{name} of {path.stem} says nothing"


@timed_notebook
def test_minutes_are_those_of_the_notebook(path: Path) -> None:
    """The same total as the notebook's Time line, one column for each of its sections, and they add up."""
    text, notebook = section(path), prose(read(path))
    total = int(re.search(r"\*\*Time\*\* about (\d+) minutes", notebook).group(1))
    assert int(re.search(r"\*\*Time\*\* (\d+) minutes", text).group(1)) == total
    head = re.search(r"^\| section \|(.+)\|$", text, re.M).group(1)
    numbers = re.findall(r"^## (\d+) · ", notebook, re.M)
    assert [column.split()[0] for column in head.split("|")] == numbers
    assert sum(int(cell) for cell in rows(text)[0][1:]) == total


@timed_notebook
def test_every_exercise_is_answered(path: Path) -> None:
    """Each with the notebook's level, minutes, the answer, the usual mistake and a hint."""
    wanted = re.findall(r"\*\*(\d\d\.\d) \((\w+)\)\*\*", prose(read(path)))
    given = re.findall(r"^- \*\*(\d\d\.\d) \((\w+), \d+ min[^)]*\)\*\*", section(path), re.M)
    assert given == wanted
    for name, _ in wanted:
        text = answer(name)
        assert "*Often*" in text and "*Hint*" in text
        assert len(text.split("*Often*")[0].split()) >= 8, f"{name} is answered in too few words"


def test_every_registered_exercise_is_in_the_guide() -> None:
    """Also one whose notebook forgot it."""
    assert set(re.findall(r"^- \*\*(\d\d\.\d) ", GUIDE, re.M)) == set(EXERCISES) | OPEN


@pytest.mark.parametrize("name", ONE_LINERS)
def test_one_line_answers_pass_their_check(name: str) -> None:
    """The first code of the answer, as a function, is marked right."""
    code = re.search(r"`([^`]+)`", answer(name)).group(1)
    names = {"math": math, "torch": torch}
    assert mark(name, eval(f"lambda {ONE_LINERS[name]}: ({code})", names)).outcome == "right"


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [("00.1", "= 12.25 ", 12.25), ("01.4", "(32, 4)", (32, 4)), ("03.1", " 87:", 87), ("08.1", "1.068", 1.068)],
)
def test_numbers_given_as_answers_pass_their_check(name: str, said: str, value: object) -> None:
    """An answer that is a number stands in the guide and is marked right."""
    assert said in answer(name)
    assert mark(name, value).outcome == "right"


@timed_notebook
def test_every_explorer_of_a_notebook_has_its_question(path: Path) -> None:
    """The question to ask before the slider moves names each explorer that the notebook shows."""
    shown = set(re.findall(r"\b([A-Z]\w+Explorer|DrawingPad)\(", program(read(path)))) & set(aecourse.explorers.__all__)
    asked = section(path).split("## Ask first")[1].split("\n## ")[0]
    assert shown and not {name for name in shown if f"`{name}`" not in asked}


def test_named_explorers_and_commands_exist() -> None:
    """Every explorer named in the guide is in the package, every `make` target in the Makefile."""
    named = set(re.findall(r"`([A-Z]\w+(?:Explorer|Pad|Board))`", GUIDE))
    assert named and not named - set(aecourse.explorers.__all__)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = set(re.findall(r"`make ([a-z-]+)", GUIDE))
    assert used >= {"lab", "demo", "site", "class", "report", "doctor"} and not used - targets


def test_the_hour_shows_every_demo_of_the_board() -> None:
    """In the board's order, an hour in all; the board's section lists them with the notebook they come from."""
    hour = rows(part("## One hour: "))
    titles = [demo.title for demo in DEMOS]
    assert sum(int(row[0]) for row in hour) == 60
    assert [row[1] for row in hour if row[1] != "none"] == titles
    assert [row[:2] for row in rows(part("# 10 · "))] == [[demo.title, demo.notebook[:2]] for demo in DEMOS]


def test_the_afternoon_adds_up() -> None:
    """Four hours, each row begins when the last one ended, and the sections named fit into it."""
    plan = [(row[0], int(row[1])) for row in rows(part("## One afternoon"))]
    assert all(minutes_of(row[2]) <= int(row[1]) for row in rows(part("## One afternoon")))
    clock = 13 * 60
    for begins, minutes in plan:
        assert begins == f"{clock // 60}:{clock % 60:02d}"
        clock += minutes
    assert clock == 17 * 60


def test_the_term_sets_every_exercise_once() -> None:
    """Fourteen weeks, their minutes those of the sections named, and homework from 00.1 to the last."""
    term = rows(part("## One term"))[:14]
    assert [row[0] for row in term] == [str(week) for week in range(1, 15)]
    assert [minutes_of(row[1]) for row in term] == [int(row[2]) for row in term]
    homework = re.findall(r"\d\d\.\d", " ".join(row[3] for row in term))
    assert homework == sorted(set(EXERCISES) | OPEN)


def test_ten_minutes_are_ten() -> None:
    """The checklist before the class adds up."""
    assert sum(int(row[0]) for row in rows(part("## Ten minutes before the class"))) == 10


def test_every_open_experiment_and_outcome_is_there() -> None:
    """The rubric is for the last exercise of each notebook; outcomes come from each notebook that has a list."""
    assert sorted(name[:2] for name in OPEN) == [path.name[:2] for path in TIMED]
    listed = [path.name[:2] for path in NOTEBOOKS if "**You will be able to**" in prose(read(path))]
    assert re.findall(r"\{part-of\} (\d\d) \*\*You will be able to", PAGES[ROOT / "docs/guide/outcomes.md"]) == listed


def test_lines_are_short() -> None:
    """No line above 140 characters, tables and names of numbers aside; no exclamation marks."""
    lines = re.sub(r"\{\{.*?\}\}", "0.12", GUIDE).splitlines()
    assert not [line for line in lines if len(line) > 140 and not line.startswith("|")]
    assert not re.search(r"\w!(\s|$)", GUIDE)
