"""Nothing that a person names is executed as markup: not in a report, the site, a card, a figure or a spreadsheet."""

from __future__ import annotations

import base64
import csv
import functools
import io
import itertools
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
import torch
from helpers.learner import notebook, ran
from helpers.paths import NOTEBOOKS, ROOT
from markdown_it import MarkdownIt
from matplotlib import cbook, pyplot as plt
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image
from trust.rows import Row, row

from aecourse.classroom.answers import read_answers
from aecourse.classroom.class_report import write_class_report
from aecourse.classroom.formulas import prose
from aecourse.classroom.report import render
from aecourse.data import PIXELS, ImageSet
from aecourse.exercises import Prediction, check, claim, experiment
from aecourse.exercises.cards import LOOKS, card
from aecourse.explorers import LatentMapExplorer, SearchExplorer
from aecourse.plotting import plot_latent_map
from aecourse.publisher.downloads import links
from aecourse.publisher.published import (
    Figure,
    Words,
    explorer_as_html,
    figure_as_html,
    measured_as_html,
    question_as_html,
)
from aecourse.publisher.site import CARD, as_page, build
from aecourse.records import RECORD, VERSION

MARKUP = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<img src=x onerror=window.hacked=1>",
    "\"><svg onload='window.hacked = 1'>",
    "' onmouseover='window.hacked = 1' x='",
    '" onfocus="window.hacked = 1" autofocus="',
    "<a href='javascript:window.hacked = 1'>x</a>",
    "[x](javascript:window.hacked=1)",
    "</title></style></textarea><iframe srcdoc='<script>parent.hacked = 1</script>'></iframe>",
    "<!--><img src=x onerror=window.hacked=1>-->",
    "{{ 7 * 7 }}{% for x in (1,) %}{{ self }}{% endfor %}",
    "${window.hacked = 1}",
    "&lt;img src=x onerror=window.hacked=1&gt;",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hacked=1>",
)
FORMULAS = ('=HYPERLINK("http://127.0.0.1", "x")', "+1+cmd|' C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1", " =1+1")
HARMLESS = "Ada"
ADDRESSES = {"href", "src", "action", "formaction", "data", "xlink:href"}
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", re.IGNORECASE
)
MATHML = {"math", "mrow", "mi", "mn", "mo", "mtext", "msub", "msup", "mfrac", "mstyle", "mspace", "merror"}


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, and all words that are seen or said."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[tuple] = []
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Keep an element; html.parser calls it."""
        self.parts.append((tag, *(name for name, _ in attributes)))
        self.addresses += ["".join(value.split()).lower() for name, value in attributes if name in ADDRESSES and value]
        self.words += [unquote(value) for _, value in attributes if value]

    def handle_data(self, data: str) -> None:
        """Keep words; html.parser calls it."""
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        """Keep that there is a comment; html.parser calls it."""
        self.parts.append(("comment",))


def record(kind: str, **fields: object) -> NotebookNode:
    """An output with a record, as a foreign notebook may hold it."""
    return new_output("display_data", {RECORD: {"version": VERSION, "kind": kind, **fields}, "text/plain": "x. y"})


def foreign_notebook(words: str, question: str = "") -> NotebookNode:
    """A notebook in which all that can be named is called so, and which holds outputs of every kind."""
    active = ("text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex", "text/plain")
    bounds = {"at_least": None, "at_most": 1.0, "digits": 3}
    outputs = [
        record("question", name=question or words, question=words, options=[words, "b"]),
        record(
            "prediction", name=question or words, question=words, options=[words, "b"], predicted=words, measured=words
        ),
        *(record("exercise", name=name, outcome="not yet", hint=words) for name in (words, "77.1")),
        record("experiment", name=words, table={words: 0.5, "k": None}, sentence=words, complete=False),
        record("claim", name=words, sentence=words, value=2.0, **bounds),
        new_output("error", ename=words, evalue=words, traceback=[words]),
        new_output("stream", name="stdout", text=words),
        *(new_output("display_data", {kind: words}) for kind in active),
        new_output("display_data", dict.fromkeys(active, f"<p>{words}</p>")),
    ]
    cells = [new_code_cell(f"# {words}", outputs=[output], execution_count=i) for i, output in enumerate(outputs, 1)]
    marks = re.sub(r"[*$`]", "", words)  # those that a task may have
    return notebook(*cells, new_markdown_cell(f"**77.1 (easy).** {marks}"), title=words)


def in_report(words: str) -> str:
    """The report of a learner of this name, whose notebooks and files are called so."""
    return render([(words, words, read_answers(foreign_notebook(words)))], name=words)


def in_class(words: str) -> tuple[str, str]:
    """The page and the CSV file of a class in which a learner, a notebook and a broken file are called so."""
    file = words.replace("/", "")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "class" / file
        home.mkdir(parents=True)
        nbformat.write(foreign_notebook(words), home / f"77_{file}.ipynb")
        (home / f"78_{file}.ipynb").write_text(f'{{"cells": "{file}"', encoding="utf-8")
        (home.parent / "empty").mkdir()
        page = write_class_report(home.parent, Path(folder) / "class.html")
        return page.read_text("utf-8"), page.with_suffix(".csv").read_text("utf-8")


def in_site(words: str) -> str:
    """All HTML of the page of a notebook that holds such outputs, a figure of this description among them."""
    file, page = words.replace("/", ""), foreign_notebook(words)
    picture = io.BytesIO()
    Image.new("L", (2, 2)).save(picture, "png")
    data = {"image/png": base64.b64encode(picture.getvalue()).decode()}
    about = {"image/png": {"alt": words, "width": words}}
    page.cells.append(new_code_cell(words, outputs=[new_output("display_data", data, metadata=about)]))
    page.metadata["mystnb"] = {"execution_mode": "force"}
    with tempfile.TemporaryDirectory() as folder:
        page = as_page(page, file, Path(folder), words)
    outputs = [output for cell in page.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds <= {"text/plain", "text/html"} and "mystnb" not in page.metadata, kinds
    return page.cells[1].source + "".join(output.get("data", {}).get("text/html", "") for output in outputs)


def in_cards(words: str) -> str:
    """The cards of a prediction, a claim, an exercise and an experiment; and one that quotes all."""
    space = {"check": check, "claim": claim, "experiment": experiment, "Prediction": Prediction, "words": words}
    sources = (
        "Prediction('77.p', words, [words, 'b']).reveal(words, words)",
        "claim('77.c', words, 0.5, at_most=1)",
        "check('00.1', words)",
        "experiment('77.e', {words: 0.5, 'k': ...}, words)",
    )
    outputs = [output for source in sources for output in ran(source, space=space).outputs]
    assert all("text/html" in output.data for output in outputs), outputs
    return "".join(output.data["text/html"] for output in outputs) + card("not yet", words, words)


def published(words: str) -> str:
    """What the texts of the site and the lectures show of notebooks by name."""
    made = {"name": words, "question": words, "options": [words, "b"], "measured": words}
    return "".join(
        [
            question_as_html(made), measured_as_html(made, words),
            figure_as_html(Figure(words, words, words), "folder/"),
            explorer_as_html("explorers/x/", {words: words}, words), links(words, words),
            MarkdownIt("commonmark", {"html": True}).render(str(Words(words))),
        ]
    )  # fmt: skip


PLACES: dict[str, Callable[[str], str]] = {
    "report": in_report,
    "class report": lambda words: in_class(words)[0],
    "site": in_site,
    "cards": in_cards,
    "texts and lectures": published,
}


@functools.cache
def parts(place: str) -> list[tuple]:
    """The elements of a place where everything has a harmless name."""
    return Skeleton(PLACES[place](HARMLESS)).parts


def in_page(place: str, words: str) -> str | None:
    """What came out of some words at a place besides words."""
    try:
        page = Skeleton(PLACES[place](words))
    except Exception as error:
        return f"{place}: {words!r} ended in {type(error).__name__}: {error}"
    if more := Counter(page.parts) - Counter(parts(place)):
        return f"{place}: {words!r} made elements: {more}"
    if led := [address for address in page.addresses if re.match(r"(javascript|vbscript|data):", address)]:
        return f"{place}: {words!r} leads to {led[0]}"
    shown = "".join(page.words)
    return None if words.replace("/", "").strip() in shown.replace("/", "") else f"{place}: {words!r} is not shown"


def in_spreadsheet(words: str) -> str | None:
    """What a spreadsheet would compute, or would take for more lines."""
    lines = [list(csv.reader(io.StringIO(in_class(name)[1]))) for name in (words, HARMLESS)]
    if [*map(len, lines[0])] != [*map(len, lines[1])]:
        return f"{words!r} changed the lines of the CSV file"
    formulas = [cell for cell in itertools.chain(*lines[0]) if cell.lstrip().startswith(("=", "+", "-", "@"))]
    return f"{words!r} is a formula in the CSV file: {formulas[0]}" if formulas else None


def payloads(count: int) -> Iterator[str]:
    """Each of those above, and then some of them after one another."""
    rng = random.Random(0)
    for nth in range(count):
        yield MARKUP[nth] if nth < len(MARKUP) else "".join(rng.choices(MARKUP, k=rng.randrange(2, 4)))[:150]


def markup(count: int) -> Row:
    """So many names that would be markup, at every place."""
    return row(
        "Security",
        "names and outputs that would be HTML, a script, a template or a link: of learners, files, options, questions, "
        "exercises, figures, and the outputs of a foreign notebook; in report, class report, site, lectures and cards",
        "they are shown as they were written; no element, attribute or address comes out of them",
        (in_page(place, words) for words in payloads(count) for place in PLACES),
    )


def spreadsheets(count: int) -> Row:
    """So many names that would be formulas in the table of a class."""
    return row(
        "Security",
        "learners' names that a spreadsheet would compute, in the CSV file of a class",
        "an apostrophe stands in front of them: they are text",
        (in_spreadsheet(name) for name in itertools.islice(itertools.cycle((*FORMULAS, *MARKUP)), count)),
    )


def test_names_stay_names() -> None:
    """Each of them at each place."""
    markup(len(MARKUP)).check()


def test_names_are_no_formulas() -> None:
    """In the table of a class."""
    spreadsheets(len(FORMULAS) + 3).check()


@pytest.mark.parametrize(
    "words", [*MARKUP, *(f"${words}$ `{words}` **{words}**" for words in MARKUP), r"$\href{javascript:x}{y}$"]
)
def test_a_task_has_only_its_own_marks(words: str) -> None:
    """Bold, italics, code and formulas, which may look like something but do nothing."""
    page = Skeleton(str(prose(words)))
    assert {part[0] for part in page.parts} <= {"strong", "em", "code"} | MATHML
    assert {name for part in page.parts for name in part[1:]} <= {
        "xmlns",
        "display",
        "mathvariant",
        "stretchy",
        "fence",
    }


def test_the_site_shows_only_cards_of_the_course() -> None:
    """All that it draws, and nothing that only looks like one; the stored notebooks lose none."""
    for look, words in itertools.product(LOOKS, (HARMLESS, *MARKUP)):
        assert CARD.fullmatch(card(look, words, words)), (look, words)
    drawn = card("right", HARMLESS)
    for wrong in (
        drawn.replace(HARMLESS, "<i>x</i>"),
        drawn.replace("margin", '" onclick="'),
        drawn + "<p>",
        f"<p>{drawn}",
    ):
        assert not CARD.fullmatch(wrong), wrong
    assert not CARD.fullmatch(drawn.replace("#00704F", "url(http://127.0.0.1)"))
    cells = (cell for path in NOTEBOOKS for cell in nbformat.read(path, 4).cells)
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        html = output.get("data", {}).get("text/html", "")
        assert not html or CARD.fullmatch(html) or "clip-path" in html, html[:300]


def test_a_name_between_dollars_is_no_formula(no_figure_left) -> None:
    """In the figures that stand in for explorers, and in the map of a notebook."""
    names = (r"$\frac{$", "$x^2$", r"a\$b$", "$5", *MARKUP)
    x, y = torch.rand(40, PIXELS, generator=torch.Generator().manual_seed(0)), torch.arange(40) % len(names)
    ax = plot_latent_map(x[:, :2], y, names=names, legend=False)
    ax.figure.canvas.draw()
    written = {text._preprocess_math(text.get_text())[0] for text in ax.texts}
    assert written == set(names) and not any(cbook.is_math_text(text.get_text()) for text in ax.texts)
    plt.close(ax.figure)
    for explorer in (
        LatentMapExplorer(images=ImageSet(x, y, names=names)),
        SearchExplorer(1, images=ImageSet(x, y, names=names)),
    ):
        explorer._repr_mimebundle_()
        assert explorer.notice == ""
        explorer.close()


def test_scripts_write_no_markup() -> None:
    """They make text nodes; only the library that they draw with could do otherwise."""
    scripts = [*ROOT.glob("aecourse/**/*.js"), *ROOT.glob("docs/**/*.js")]
    assert len(scripts) > 30
    for path in scripts:
        if "vendor" not in path.parts:
            assert not SINKS.search(path.read_text("utf-8")), path


@pytest.mark.slow
def test_a_site_that_is_built(tmp_path: Path) -> None:
    """With such names in a notebook, and its numbers and questions in a text and a lecture: no other elements."""
    words = "".join(words for words in MARKUP if "{{" not in words)  # of braces the build says that they are no number
    harmless, pages = site(tmp_path / "harmless", HARMLESS), site(tmp_path / "other", words)
    for name, page in pages.items():
        more = Counter(page.parts) - Counter(harmless[name].parts)
        assert more.keys() <= {("span", "class")}, (name, more)  # the colours of code
        assert not any(address.startswith("javascript:") for address in page.addresses)
        assert "".join(page.words).count("window.hacked = 1") > 3


def site(folder: Path, words: str) -> dict[str, Skeleton]:
    """The pages of a small site."""
    source, notebooks = folder / "source", folder / "notebooks"
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("*.md"))
    for place in (source / "notebooks", source / "lectures", notebooks):
        place.mkdir(parents=True, exist_ok=True)
    page = foreign_notebook(words, "77.x")
    page.cells = [new_markdown_cell("# A trial"), *(cell for cell in page.cells if cell.cell_type == "code")]
    page.metadata["language_info"] = {"name": "python"}
    nbformat.write(page, notebooks / "77_trial.ipynb")
    page = as_page(page, "77_trial", source / "_static" / "figures", "")
    nbformat.write(page, source / "notebooks" / "77_trial.ipynb")
    told = "# A page\n\nIt is {{ m77_x }}.\n\n:::{vote} 77.x\n:::\n\n:::{measured} 77.x\n:::\n"
    (source / "index.md").write_text(f"{told}\n:::{{toctree}}\nnotebooks/77_trial\n:::\n", encoding="utf-8")
    (source / "lectures" / "77_x.md").write_text(told, encoding="utf-8")
    build(source, folder / "site", notebooks)
    pages = ("index.html", "notebooks/77_trial.html", "lectures/77_x.html")
    return {page: Skeleton((folder / "site" / page).read_text("utf-8")) for page in pages}
