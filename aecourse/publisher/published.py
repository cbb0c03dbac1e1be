"""Numbers, questions and figures of the stored notebooks, which the texts of the site use by name."""

from __future__ import annotations

import functools
import html
import itertools
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import punctuation
from urllib.parse import quote

from aecourse.classroom.notebook_files import find_notebooks, read_notebook
from aecourse.evaluation.controls import read_results, stored
from aecourse.records import number_in_words, read_records
from aecourse.zoo.weights import read_card, shipped_weights


class Number(float):
    """A stored number. It is printed with its own digits, and in a formula it is a float."""

    def __new__(cls, value: float, words: str = "") -> Number:
        number = super().__new__(cls, value)
        number.words = words
        return number

    def __str__(self) -> str:
        return self.words


class Words(str):
    """Stored words, which a text in Markdown shows unchanged, with any special characters."""

    def __str__(self) -> str:
        return re.sub(f"([{re.escape(punctuation)}])", r"\\\1", " ".join(self.split()))


@dataclass(frozen=True)
class Figure:
    """A stored figure: the name of its file on the site, what it shows, and how wide it is."""

    file: str
    alt: str
    width: str


def variable(name: str) -> str:
    """Return a name as a text writes it: "03.gain_at_32" is `m03_gain_at_32`."""
    words = _words(name)
    return f"m{words}" if words[0].isdigit() else words


def _words(name: str) -> str:
    return re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name).lower()).strip("_")  # R² is r2


@functools.cache
def records_of(folder: Path) -> Mapping[tuple[str, str], dict]:
    """Return {(kind, name): the record that a notebook of this folder holds}."""
    outputs = (cell.get("outputs", []) for path in find_notebooks(folder) for cell in read_notebook(path).cells)
    return {(record["kind"], record["name"]): record for each in outputs for record in read_records(each)}


def stored_numbers(folder: Path) -> dict[str, Number | str]:
    """Return {name in a text: number}: claims, what was measured for a prediction, controls, scores of the networks.

    A control's number is called `m03_few_digits__pca_500`, after the control and what was measured, and is printed as
    mean ± deviation; the score of a network is called `dense_k32__test_mse`.

    Raises
    ------
    ValueError
        If two numbers have the same name.
    """
    found: list[tuple[str, Number | str]] = []
    for (kind, name), record in records_of(folder).items():
        if kind == "claim":
            found.append((variable(name), Number(record["value"], number_in_words(record))))
        elif kind == "prediction":
            found.append((variable(name), Words(record["measured"])))
    for path in find_notebooks(folder):
        for name in read_results(path.name[:2]):
            control = stored(name)
            spreads = {what: control[what] for what in control.values}
            found += [(f"{variable(name)}__{_words(what)}", Number(s.mean, str(s))) for what, s in spreads.items()]
    for name in shipped_weights():
        scores = {what: score for what, score in read_card(name).scores.items() if isinstance(score, float)}
        found += [(f"{variable(name)}__{what}", Number(score, f"{score:.3g}")) for what, score in scores.items()]
    if len(names := dict(found)) < len(found):
        twice = sorted({name for name, _ in found if sum(name == other for other, _ in found) > 1})
        raise ValueError(f"two stored numbers have the same name in a text: {', '.join(twice)}")
    return names


def stored_question(folder: Path, name: str) -> tuple[dict, dict]:
    """Return a notebook's question, and what was measured then, by the name of its prediction, "03.decoder_columns"."""
    records = records_of(folder)
    try:
        return records["question", name], records["prediction", name]
    except KeyError:
        known = sorted(other for kind, other in records if kind == "prediction" and other[:2] == name[:2])
        raise ValueError(f"no notebook asks {name!r}; notebook {name[:2]} asks {', '.join(known)}") from None


def stored_figure(folder: Path, notebook: str, name: str) -> Figure:
    """Return a notebook's figure by its name: the words after "# Figure:" in its cell, or how its description begins.

    Raises
    ------
    ValueError
        If the notebook has no figure of that name, or several.
    """
    figures = _figures(find_notebooks(folder, [notebook])[0])
    found = [figure for titled, figure in figures if name == titled or figure.alt.startswith(name)]
    if len(found) != 1:
        names = "\n".join(sorted({f"- {titled or figure.alt}" for titled, figure in figures}))
        raise ValueError(f"notebook {notebook} has {len(found)} figures called {name!r}; its figures are\n{names}")
    return found[0]


@functools.cache
def _figures(path: Path) -> list[tuple[str, Figure]]:
    """Return each figure with what its cell calls it."""
    found = []
    for number, cell in enumerate(read_notebook(path).cells):
        titled = re.match(r"# Figure: (.+)", cell.source)
        for place, output in enumerate(cell.get("outputs", [])):
            about = output.get("metadata", {}).get("image/png", {})
            if alt := about.get("alt"):
                figure = Figure(figure_file(path.stem, number, place), alt, str(about.get("width", "")))
                found.append((titled[1] if titled else "", figure))
    return found


def figure_file(stem: str, cell: int, output: int) -> str:
    """Return the file name of a notebook's figure on the site, made from the positions of its cell and its output."""
    return f"{stem}-{cell}-{output}.webp"


def part_of(folder: Path, notebook: str, beginning: str) -> list[str]:
    """Return the lines of a notebook's text below the line with this beginning, up to the next heading or bold label.

    Raises
    ------
    ValueError
        If no line of the notebook's text has this beginning, or several have it.
    """
    cells = read_notebook(find_notebooks(folder, [notebook])[0]).cells
    texts = [cell.source.splitlines() for cell in cells if cell.cell_type == "markdown"]
    found = [lines[place + 1 :] for lines in texts for place, line in enumerate(lines) if line.startswith(beginning)]
    if len(found) != 1:
        raise ValueError(f"notebook {notebook} has {len(found)} lines that begin with {beginning!r}, not one")
    return list(itertools.takewhile(lambda line: not line.startswith(("#", "**")), found[0]))


def figure_as_html(figure: Figure, folder: str) -> str:
    """Return a figure as HTML; its file lies in the given folder."""
    alt, width = (html.escape(words, quote=True) for words in (figure.alt, figure.width))
    image = f'<img src="{folder}{quote(figure.file)}" alt="{alt}" width="{width}" loading="lazy">'
    return f'<div class="figure">{image}</div>'


def explorer_as_html(folder: str, settings: Mapping, still: str) -> str:
    """Return an explorer as HTML; until it has loaded, and without scripts, a still picture is shown."""
    given = html.escape(json.dumps(settings))
    image = f'<img src="{quote(still)}" alt="a still picture of the explorer" width="1100" loading="lazy">'
    return f'<aecourse-explorer src="{folder}" settings="{given}">{image}</aecourse-explorer>'


def measured_as_html(record: Mapping, words: str, style: str = "measured") -> str:
    """Return in words what was measured for a prediction, with a place for the reader's own choice."""
    name, measured = (html.escape(record[part], quote=True) for part in ("name", "measured"))
    return (
        f'<p class="{style}" data-name="{name}" data-measured="{measured}">'
        f'<b>{html.escape(words)}.</b><span class="verdict"></span></p>'
    )


def question_as_html(record: Mapping) -> str:
    """Return a question as a vote."""
    name = html.escape(record["name"], quote=True)
    options = "".join(
        f'<label><input type="radio" name="{name}" value="{words}"> {words}</label>'
        for words in map(html.escape, record["options"])
    )
    legend = f"<legend>{html.escape(record['question'])}</legend>"
    return f'<fieldset class="vote" data-name="{name}">{legend}{options}</fieldset>'
