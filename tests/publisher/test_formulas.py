"""Formulas as MathML: every one that a page shows, without a rest of TeX in it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from helpers.paths import NOTEBOOKS, ROOT

from aecourse.classroom.formulas import formula_as_html

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$", re.S)
TEXTS = [*NOTEBOOKS, *sorted((ROOT / "docs").rglob("*.md"))]


def formulas(path: Path) -> set[str]:
    """All formulas of a notebook or a page."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text("utf-8")
    return {block or inline for block, inline in FORMULA.findall(CODE.sub("", text))}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_of_tex_is_left(path: Path) -> None:
    """No command and no & stands in the text of a formula."""
    for latex in formulas(path):
        shown = "".join(ElementTree.fromstring(formula_as_html(latex)).itertext())
        assert not re.search(r"[\\&]", shown), (latex, shown)


def test_a_derivation_is_set_line_by_line() -> None:
    """The bound of notebook 08 has five lines, each with its reason."""
    [derivation] = [latex for latex in formulas(NOTEBOOKS[8]) if "aligned" in latex]
    math = ElementTree.fromstring(formula_as_html(derivation, block=True))
    lines = [line for line in math.iter() if line.tag.endswith("mtr")]
    assert [len(line) for line in lines] == [4] * 5
    assert all("".join(line[3].itertext()).strip() for line in lines)


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"2 \log p(x)", "2 log p(x)"),
        (r"\log(1 + x)", "log(1+x)"),
        (r"-\log_2 x", "−log2 x"),
        (r"\Big\|x\Big\|", "‖x‖"),
    ],
)
def test_names_of_functions_stand_apart(latex: str, shown: str) -> None:
    """As TeX sets them: a thin space, but none before a bracket."""
    math = ElementTree.fromstring(formula_as_html(latex))
    text = "".join(" " if part.tag.endswith("mspace") else part.text or "" for part in math.iter())
    assert text == shown
