"""What texts in docs/ can show, for Sphinx: explorers, figures and votes of the notebooks, notes for the speaker."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst.directives import flag
from pygments.filter import Filter
from pygments.token import Name, Operator, Punctuation, Text, Whitespace
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from aecourse.bundle import with_imports
from aecourse.classroom.formulas import formula_as_html
from aecourse.publisher.published import (
    explorer_as_html,
    figure_as_html,
    measured_as_html,
    part_of,
    question_as_html,
    stored_figure,
    stored_question,
)

LOGGER = logging.getLogger(__name__)


class Unmarked(Filter):
    """Names and marks in code have the colour of the text: elements of their own would be a third of a page."""

    def filter(self, lexer, stream):
        """Yield the tokens of some code, these as plain text."""
        for kind, text in stream:
            yield Text if kind in (Name, Operator, Punctuation, Whitespace) else kind, text


class FromTheCourse(SphinxDirective):
    """A directive that shows a part of the course; the build fails if that part does not exist."""

    site: ClassVar[Path]  # the folder of the site
    notebooks: ClassVar[Path]  # the folder of the stored notebooks
    is_lecture: ClassVar[bool]  # lectures lie in a folder of the site

    @classmethod
    def look_around(cls, app) -> None:
        """Note what is built, and where."""
        cls.is_lecture = app.builder.name == "revealjs"
        cls.site = Path(app.outdir).parent if cls.is_lecture else Path(app.outdir)
        cls.notebooks = Path(os.environ["AECOURSE_NOTEBOOKS"])

    @property
    def top(self) -> str:
        """The relative path from the page to the root of the site."""
        return "../" * (self.env.docname.count("/") + self.is_lecture)

    def run(self) -> list[nodes.Node]:
        """Return the nodes to show."""
        try:
            return self.show()
        except ValueError as error:
            raise self.error(str(error)) from None

    def as_html(self, text: str) -> list[nodes.Node]:
        """Return HTML as a node."""
        return [nodes.raw("", text, format="html")]


class ExplorerDirective(FromTheCourse):
    """`{explorer} bottleneck {"k": 4}`: an explorer with its settings. With `:late:` it loads when it is near.

    A still picture stands beside it for pages without scripts.
    """

    required_arguments, optional_arguments, final_argument_whitespace = 1, 1, True
    option_spec: ClassVar = {"late": flag}

    def show(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if not (self.site / "explorers" / name).is_dir():
            known = sorted(path.parent.name for path in self.site.glob("explorers/*/state.json"))
            raise ValueError(f"there is no explorer {name!r}; the site has {', '.join(known)}")
        folder, settings = f"{self.top}explorers/{name}/", {}
        if len(self.arguments) > 1:
            settings = json.loads(self.arguments[1])
        state = json.loads((self.site / "explorers" / name / "state.json").read_text("utf-8"))
        late = "late" in self.options or self.is_lecture
        files = [] if late else ["state.json", *(state["files"][asset] for asset in state["assets"])]
        hints = "".join(f'<link rel="preload" as="fetch" crossorigin href="{folder}{file}">' for file in files)
        site = self.site.resolve()
        for script in () if late else with_imports(site / "explorers" / "scripts" / state["script"]):
            hints += f'<link rel="modulepreload" href="{self.top}{script.relative_to(site).as_posix()}">'
        return self.as_html(hints + explorer_as_html(folder, settings, f"{folder}still.webp"))


class FigureDirective(FromTheCourse):
    """`{figure-of} 03 error at every k`: a figure of a stored notebook, by its name."""

    required_arguments, optional_arguments, final_argument_whitespace = 2, 0, True

    def show(self) -> list[nodes.Node]:
        figure = stored_figure(self.notebooks, *self.arguments)
        return self.as_html(figure_as_html(figure, f"{self.top}_static/figures/"))


class VoteDirective(FromTheCourse):
    """`{vote} 03.decoder_columns`: a question of a notebook with its options, to be chosen from."""

    required_arguments = 1

    def show(self) -> list[nodes.Node]:
        return self.as_html(question_as_html(stored_question(self.notebooks, self.arguments[0])[0]))


class MeasuredDirective(FromTheCourse):
    """`{measured} 03.decoder_columns`: what was measured, beside what was chosen."""

    required_arguments = 1

    def show(self) -> list[nodes.Node]:
        _, result = stored_question(self.notebooks, self.arguments[0])
        return self.as_html(measured_as_html(result, f"Measured: {result['measured']}"))


class PartDirective(FromTheCourse):
    """`{part-of} 00 ## Words and symbols`: a part of a notebook's text, below the line that begins with these words."""

    required_arguments, optional_arguments, final_argument_whitespace = 2, 0, True

    def show(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(part_of(self.notebooks, *self.arguments)))


class speaker_notes(nodes.General, nodes.Element):  # noqa: N801  a node's name says how it is visited
    """What only the speaker sees."""


class NotesDirective(FromTheCourse):
    """`{notes}`: what the speaker asks, and what the class will answer."""

    has_content = True

    def show(self) -> list[nodes.Node]:
        notes = speaker_notes()
        self.state.nested_parse(self.content, self.content_offset, notes)
        return [notes]


def visit_formula(translator: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula as MathML, which needs no script."""
    block = node.tagname != "math"
    math = formula_as_html(node.astext(), block=block)
    if mark := node.get("mark"):
        math = f'<span class="together">{math}{mark}</span>'
    translator.body.append(f'<div class="formula" tabindex="0">{math}</div>' if block else math)
    raise nodes.SkipNode


def keep_marks(app, text: nodes.document) -> None:
    """Give each formula the comma or full stop behind it: browsers would break the line between them."""
    for formula in list(text.findall(nodes.math)):
        behind = formula.next_node(descend=False, siblings=True)
        if isinstance(behind, nodes.Text) and (mark := re.match(r"[.,;:!?)]+", behind)):
            formula["mark"] = mark[0]
            behind.parent.replace(behind, nodes.Text(behind[mark.end() :]))


def link_pages(app, text: nodes.document) -> None:
    """Resolve links to pages that another build makes: the board and lectures or, in a lecture, the lessons."""
    for link in list(text.findall(addnodes.pending_xref)):
        address = re.sub(r"^10_demo_board\.ipynb$", "../board.html", link["reftarget"])
        if address.endswith(".html"):
            link.replace_self(nodes.reference("", "", *link.children, refuri=address, internal=True))


def refuse_unread(app, text: nodes.document) -> None:
    """Warn of a number that was not inserted: in a table, a | ends the cell before its braces close."""
    for words in text.findall(nodes.Text):
        if "{{" in words and not isinstance(words.parent, nodes.literal | nodes.literal_block):
            LOGGER.warning("this was not replaced by a number: %s", words, location=words.parent)


def setup(app) -> dict:
    """Register the directives with Sphinx."""
    app.connect("builder-inited", FromTheCourse.look_around)
    app.add_directive("explorer", ExplorerDirective)
    app.add_directive("figure-of", FigureDirective)
    app.add_directive("vote", VoteDirective)
    app.add_directive("measured", MeasuredDirective)
    app.add_directive("part-of", PartDirective)
    app.add_directive("notes", NotesDirective)
    app.add_node(
        speaker_notes,
        html=(
            lambda translator, node: translator.body.append('<aside class="notes">'),
            lambda translator, node: translator.body.append("</aside>"),
        ),
    )
    app.connect("doctree-read", keep_marks)
    app.connect("doctree-read", link_pages)
    app.connect("doctree-read", refuse_unread)
    app.add_html_math_renderer("mathml", (visit_formula, None), (visit_formula, None))
    # code in a lecture is coloured here, as on the site's pages, and not by a script
    app.add_node(nodes.literal_block, override=True, revealjs=(HTML5Translator.visit_literal_block, None))
    return {"parallel_read_safe": True}
