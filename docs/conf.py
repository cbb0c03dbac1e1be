"""How Sphinx makes the course's site and, with the tag `lectures`, its lectures; `aecourse site` calls it for both."""

from __future__ import annotations

import os
from pathlib import Path

from aecourse.publisher.directives import Unmarked
from aecourse.publisher.published import stored_numbers

project = html_title = "Autoencoders"
copyright = "the authors of aecourse; text CC BY 4.0, code MIT"
extensions = ["myst_nb", "sphinx_revealjs", "aecourse.publisher.directives"]
exclude_patterns = ["_static", "_lecture", "lectures"]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "substitution"]
myst_substitutions = stored_numbers(Path(os.environ["AECOURSE_NOTEBOOKS"]))  # {{ m03_famous_sse }} in a text is 2.78
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0)]
suppress_warnings = ["config.cache", "mystnb.unknown_mime_type", "myst.header", "toc.not_included"]
highlight_options = {language: {"filters": [Unmarked()]} for language in ("ipython3", "python")}
html_theme = "furo"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["page.css", "site.css"]
html_js_files = [("host.js", {"type": "module"}), ("site.js", {"type": "module"})]
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {"navigation_with_keys": True}
html_math_renderer = "mathml"
if os.environ.get("AECOURSE_REPOSITORY"):
    html_theme_options |= {
        "source_repository": f"https://github.com/{os.environ['AECOURSE_REPOSITORY']}/",
        "source_branch": "main",
        "source_directory": "docs/",
    }
if tags.has("lectures"):  # noqa: F821  Sphinx gives it
    templates_path = ["_lecture"]
    root_doc = min(path.stem for path in Path(__file__).parent.glob("lectures/*.md"))
    revealjs_use_section_ids = True
    exclude_patterns = [  # of reveal.js what a deck loads, and the speaker's view
        "revealjs/css", "revealjs/dist/theme", "revealjs/dist/*.map", "revealjs/dist/*.esm.js",
        "revealjs/dist/reset.css", "revealjs/plugin/[!n]*", "revealjs/plugin/notes/*.esm.js",
        "revealjs/plugin/notes/plugin.js",
    ]  # fmt: skip
