"""Notebooks to take from the site: they need no folder of diagrams, and can install the course themselves."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from aecourse.classroom.notebook_files import fingerprint
from aecourse.classroom.working_copy import untouched
from aecourse.records import COPY

DIAGRAM = re.compile(r"!\[([^]]*)\]\((\.\./images/[^)]+\.svg)\)")
BRANCH = "gh-pages"  # of the repository: where its site is published
# Colab has the other packages; a whole installation would replace its own Jupyter, and break it.
INSTALL = """# Colab does not have the course: this fetches it in a minute. Where it is installed, nothing happens.
import importlib.util

if importlib.util.find_spec("aecourse") is None:
    %pip install --quiet anywidget safetensors
    %pip install --quiet --no-deps git+https://github.com/{}"""


def as_download(path: Path, repository: str) -> NotebookNode:
    """Return an untouched notebook that holds its diagrams; with a repository, its first cell installs the course."""
    notebook = untouched(path)
    for cell in notebook.cells:
        cell.source = DIAGRAM.sub(lambda found: _embedded(path.parent / found[2], found[1]), cell.source)
    if repository:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(INSTALL.format(repository), id="install"))
    notebook.metadata[COPY] = fingerprint(notebook)
    return notebook


def _embedded(picture: Path, alt: str) -> str:
    """Return a picture as HTML: VS Code rejects such an address in Markdown, and Colab has no attachments."""
    data = base64.b64encode(picture.read_bytes()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{data}">'


def links(stem: str, repository: str) -> str:
    """Return links to the notebook of a page as HTML."""
    stem, repository = quote(stem), quote(repository)
    elsewhere = {
        "open it in Colab": f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/notebooks/{stem}.ipynb",
        "open it in Binder": f"https://mybinder.org/v2/gh/{repository}/HEAD?labpath=notebooks/{stem}.ipynb",
    }
    found = [f'<a href="{stem}.ipynb" download>Take this notebook</a>']
    found += [f'<a href="{address}">{words}</a>' for words, address in elsewhere.items() if repository]
    return f'<p class="taken">{" · ".join(found)}</p>'
