"""The course as a site that needs no Python: `aecourse site`."""

from __future__ import annotations

import argparse
import ast
import base64
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from aecourse import explorers
from aecourse.bundle import bundle
from aecourse.classroom.cells import has_question, syntax_of
from aecourse.classroom.notebook_files import course_folder, find_notebooks, read_notebook, tags
from aecourse.files import writing
from aecourse.publisher.downloads import as_download, links
from aecourse.publisher.explorer_files import (
    SCRIPTS,
    TRAINING,
    check_place,
    folder_name,
    other_settings,
    shown_explorers,
    write_board,
    write_still,
    write_webp,
)
from aecourse.publisher.published import (
    Figure,
    explorer_as_html,
    figure_as_html,
    figure_file,
    measured_as_html,
    question_as_html,
)
from aecourse.records import read_records

FIGURES = "../_static/figures/"  # as a notebook's page sees them
PROGRESS = re.compile(r"training, \d+ epochs? *|.*0%\|.*it/s\]")  # what stays of a progress bar
STYLE, TEXT = r'style="[\w:;#%., -]*"', "[^<>]*"
CARD = re.compile(rf"<div {STYLE}><b {STYLE}>{TEXT}</b><b>{TEXT}</b>(<br>{TEXT})*</div>")  # of aecourse.exercises.cards
SAFE = {"kernelspec", "language_info"}  # other metadata can tell MyST-NB to run the code, or to fill in a text


def write_site(root: Path, to: Path, *, repository: str = "") -> None:
    """Write the site of the course, whose repository is `root`, into the folder `to`, completely or not at all.

    Parameters
    ----------
    repository : owner/name of the public repository on GitHub; with it every page can be opened in Colab and Binder
    """
    if missing := [name for name in ("docs", "images", "notebooks") if not (root / name).is_dir()]:
        raise ValueError(f"root must be the folder of the course's repository; {root} has no folder {missing[0]!r}")
    to = to.resolve()
    check_place(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    with writing("to must be a folder", to), tempfile.TemporaryDirectory(prefix=to.name, dir=to.parent) as beside:
        source, part = Path(beside, "source"), Path(beside, "site")
        _write_pages(root, source, part, repository)
        shutil.rmtree(to, ignore_errors=True)  # only now: an error before this leaves the last site unchanged
        part.replace(to)


def _write_pages(root: Path, source: Path, to: Path, repository: str) -> None:
    """Write the texts that the pages are made of into the folder `source`, and the pages into `to`."""
    shutil.copytree(root / "docs", source)
    shutil.copytree(root / "images", source / "images", ignore=shutil.ignore_patterns("*.py", "*.png"))
    static = source / "_static"
    (static / "host.js").write_text((SCRIPTS / "host.js").read_text("utf-8"), encoding="utf-8")
    (static / "page.css").write_text(bundle(SCRIPTS / "page.css"), encoding="utf-8")
    write_board(to)
    (source / "notebooks").mkdir()
    (to / "notebooks").mkdir(exist_ok=True)
    for path in find_notebooks(root / "notebooks"):
        if path.stem == "10_demo_board":
            continue  # the board is a page of its own
        notebook = read_notebook(path)
        nbformat.write(as_download(path, repository), to / "notebooks" / path.name)
        nbformat.write(as_page(notebook, path.stem, static / "figures", repository), source / "notebooks" / path.name)
    os.environ["AECOURSE_REPOSITORY"] = repository
    build(source, to, root / "notebooks")
    without_copies(to)
    (to / ".nojekyll").touch()  # GitHub would leave out folders whose names begin with "_"
    (to / "_headers").write_text(f"/*\n  Content-Security-Policy: {content_policy(to)}\n", encoding="utf-8")


def build(source: Path, to: Path, notebooks: Path) -> None:
    """Make pages and lectures of the texts in `source`; their numbers and figures are those of the stored notebooks.

    Raises
    ------
    ValueError
        If a text names a number or a figure that no notebook has, or has a broken link.
    """
    from sphinx.cmd.build import build_main

    os.environ["AECOURSE_NOTEBOOKS"] = str(notebooks.resolve())
    pages = ["-b", "html", "-d", str(source / "doctrees"), str(source), str(to)]
    decks = ["-b", "revealjs", "-t", "lectures", "-c", str(source), "-d", str(source / "doctrees-of-lectures")]
    decks += [str(source / "lectures"), str(to / "lectures")]
    for wanted in (pages, decks):
        if build_main(["-q", "-W", "--keep-going", *wanted]):
            raise ValueError("the site could not be built; see the messages of Sphinx above")


def without_copies(folder: Path) -> None:
    """Let lectures show the diagrams of the pages, not copies of their own; drop what only the theme's authors need."""
    copies = folder / "lectures" / "_images"
    for page in copies.parent.glob("*.html"):
        text = page.read_text("utf-8").replace('"_images/', '"../_images/')
        page.write_text(text, encoding="utf-8")
    if copies.is_dir():
        for file in copies.iterdir():
            file.replace(folder / "_images" / file.name)
        copies.rmdir()
    for file in folder.rglob("*.map"):
        file.unlink()


def content_policy(folder: Path) -> str:
    """Return the strictest content policy under which all pages of the site work; hosts read it from `_headers`."""
    pages = (path.read_text("utf-8") for path in folder.rglob("*.html"))  # including the speaker's view of the lectures
    inline = {script for text in pages for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL)}
    hashes = sorted(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'self'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; object-src 'none'; base-uri 'self'"
    )


def as_page(notebook: NotebookNode, stem: str, figures: Path, repository: str) -> NotebookNode:
    """Return a notebook as its page of the site: live explorers, votes, folded code, figures as files."""
    figures.mkdir(parents=True, exist_ok=True)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        kept = cell.outputs
        cell.outputs = []
        for place, output in enumerate(kept):
            if PROGRESS.fullmatch(output.get("data", {}).get("text/plain", "")):
                continue
            shown = _as_html(output, cell, figures / figure_file(stem, number, place))
            if shown is None:
                cell.outputs += without_markup(output)
            elif shown:
                cell.outputs.append(nbformat.v4.new_output("display_data", {"text/html": shown}))
        folded = {"solution": "hide-cell", "source_hidden": "hide-input"}
        marks = [*tags(cell), *(["source_hidden"] if cell.metadata.get("jupyter", {}).get("source_hidden") else [])]
        if has_question(cell):
            folded["source_hidden"] = "remove-input"  # the vote says the same
            marks.append("source_hidden")
        shown_as = [next(folded[mark] for mark in folded if mark in marks)] if {*folded} & {*marks} else []
        cell.metadata = NotebookNode(tags=shown_as)
    notebook.metadata = NotebookNode({name: notebook.metadata[name] for name in SAFE & notebook.metadata.keys()})
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(links(stem, repository)))
    return notebook


def without_markup(output: NotebookNode) -> list[NotebookNode]:
    """Return an output as the course's own card or as text, without other HTML or anything else that could run."""
    if "data" not in output:
        return [output]
    kinds = ("text/html", "text/plain") if CARD.fullmatch(output.data.get("text/html", "")) else ("text/plain",)
    kept = {kind: output.data[kind] for kind in kinds if output.data.get(kind)}
    return [nbformat.v4.new_output("display_data", kept)] if kept else []


def _as_html(output: NotebookNode, cell: NotebookNode, file: Path) -> str | None:
    """Return what the page shows in place of an output: nothing, HTML, or None for the output itself."""
    data: Mapping = output.get("data", {})
    if data.get("text/plain", "").endswith("run this cell to use it") and "image/png" in data:
        write_still(base64.b64decode(data["image/png"]), file)
        if found := _explorer(cell.source):
            name, settings = found
            return explorer_as_html(f"../explorers/{name}/", settings, FIGURES + file.name)
        still = figure_as_html(Figure(file.name, "a still picture of the explorer", "1100"), FIGURES)
        return f"{still}<p>A still picture: what this cell makes itself moves only in the notebook.</p>"
    if data.get("text/plain", "").startswith("interactive("):  # needs a kernel; the figure beside it stays
        return ""
    if records := read_records([output]):
        return _record(records[0], data)
    if "image/png" in data:
        write_webp(base64.b64decode(data["image/png"]), file)
        about = output.metadata.get("image/png", {})
        return figure_as_html(Figure(file.name, about.get("alt", "a figure"), str(about.get("width", ""))), FIGURES)
    if "clip-path" in data.get("text/html", ""):  # a figure's description for JupyterLab; here the picture has it
        return ""
    return None


def _explorer(source: str) -> tuple[str, dict] | None:
    """Return the explorer of a cell: its folder, the settings that differ from the site's; None: it needs a kernel."""
    known = {kind.__name__: kind for kind in (*shown_explorers().values(), explorers.TrainingExplorer)}
    calls = [node for node in syntax_of(source) if isinstance(node, ast.Call)]
    made = [(known[name], call) for call in calls if (name := ast.unparse(call.func).split(".")[-1]) in known]
    if not made:
        return None
    kind, expression = made[0]
    name = folder_name(kind)
    try:
        given = [ast.literal_eval(argument) for argument in expression.args]
        named = {word.arg: ast.literal_eval(word.value) for word in expression.keywords}
        explorer = kind(*given, **named)
    except (TypeError, ValueError):  # made of what the notebook has trained or loaded: the site has the networks
        return None if "images" in {word.arg for word in expression.keywords} else (name, {})
    if kind is explorers.TrainingExplorer:  # the page trains instead of a kernel
        return TRAINING[named.get("data", "digits")], {"setting": explorer.trainer.setting}
    return name, other_settings(explorer)


def _record(record: Mapping, data: Mapping) -> str | None:
    """Return a question as a vote, and the result of a prediction as what a vote reveals."""
    if record["kind"] == "question":
        return question_as_html(record)
    if record["kind"] == "prediction":
        return measured_as_html(record, data["text/plain"].split(". ")[0], "reveal")
    return "" if record.get("outcome") == "not attempted" else None


def main(arguments: Sequence[str]) -> int:
    """Write the site."""
    parser = argparse.ArgumentParser(prog="aecourse site", description=__doc__)
    parser.add_argument("--root", type=Path, default=course_folder(), help="the folder with docs and notebooks")
    parser.add_argument("--to", type=Path, default=Path("build/site"), help="where the site goes")
    parser.add_argument("--repository", default="", help="owner/name of the public repository on GitHub")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    write_site(options.root, options.to, repository=options.repository)
    megabytes = sum(file.stat().st_size for file in options.to.rglob("*") if file.is_file()) / 1e6
    print(f"{options.to}: {megabytes:.1f} MB in {time.perf_counter() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
