"""How Sphinx makes the course's site; `aecourse site` lays its sources out and calls it."""

from __future__ import annotations

import json
import os
from html import escape
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.parsers.rst.directives import flag

from aecourse.classroom.formulas import formula_as_html

project = html_title = "Autoencoders"
copyright = "the authors of aecourse; text CC BY 4.0, code MIT"
extensions = ["myst_nb"]
exclude_patterns = ["_static"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0)]
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "myst.xref_missing"]
html_theme = "furo"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["page.css", "site.css"]
html_js_files = [("host.js", {"type": "module"}), ("site.js", {"type": "module"})]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
html_math_renderer = "mathml"
if os.environ.get("AECOURSE_REPOSITORY"):
    html_theme_options |= {
        "source_repository": f"https://github.com/{os.environ['AECOURSE_REPOSITORY']}/",
        "source_branch": "main",
        "source_directory": "docs/",
    }


class ExplorerDirective(Directive):
    """`{explorer} bottleneck {"k": 4}`: an explorer with its settings. It loads early; with `:late:` when it is near.

    Beside it stands a picture, for pages without scripts.
    """

    required_arguments, optional_arguments, final_argument_whitespace = 1, 1, True
    option_spec: ClassVar = {"late": flag}

    def run(self) -> list[nodes.Node]:
        """Return the HTML."""
        env, name = self.state.document.settings.env, self.arguments[0]
        settings = json.loads(self.arguments[1]) if len(self.arguments) > 1 else {}
        folder = f"{'../' * env.docname.count('/')}explorers/{name}/"
        state = json.loads((Path(env.app.outdir) / "explorers" / name / "state.json").read_text("utf-8"))
        files = [] if "late" in self.options else ["state.json", *(state["files"][asset] for asset in state["assets"])]
        hints = "".join(f'<link rel="preload" as="fetch" crossorigin href="{folder}{file}">' for file in files)
        hints += f'<link rel="modulepreload" href="{folder}explorer.js">' if files else ""
        still = f'<img src="{folder}still.png" alt="a still picture of the explorer" width="1100" loading="lazy">'
        given = escape(json.dumps(settings))
        element = f'<aecourse-explorer src="{folder}" settings="{given}">{still}</aecourse-explorer>'
        return [nodes.raw("", hints + element, format="html")]


def visit_formula(translator, node: nodes.Element) -> None:
    """Write a formula as MathML, which needs no script."""
    block = node.tagname != "math"
    math = formula_as_html(node.astext(), block=block)
    translator.body.append(f'<div class="formula" tabindex="0">{math}</div>' if block else math)
    raise nodes.SkipNode


def setup(app) -> None:
    """Tell Sphinx of both."""
    app.add_directive("explorer", ExplorerDirective)
    app.add_html_math_renderer("mathml", (visit_formula, None), (visit_formula, None))
