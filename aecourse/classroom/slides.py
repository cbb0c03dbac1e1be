"""Slides from the notebooks: `python -m aecourse.classroom.slides`; `--mark` writes slide types into the notebooks."""

from __future__ import annotations

import argparse
import base64
import logging
import mimetypes
import re
import shutil
import sys
import time
from importlib import resources
from pathlib import Path
from urllib.parse import unquote

import jinja2
import nbformat
from nbconvert.exporters import SlidesExporter
from traitlets.config import Config

from aecourse.classroom.deck import prepare_deck
from aecourse.classroom.notebook_files import find_notebooks, read_notebook
from aecourse.classroom.slide_types import write_slide_types

ASSETS = Path(str(resources.files("aecourse") / "assets" / "slides"))
PICTURE = re.compile(r'(<img [^>]*src=")([^":]+)"')
NOTEBOOK_LINK = re.compile(r'(href="\d\d_[^"/]*)\.ipynb')


def export(path: str | Path, to: str | Path) -> Path:
    """Write one notebook as a reveal.js page that needs nothing but the folder static/ beside it.

    Returns
    -------
    Path
        The page, named like the notebook.

    Raises
    ------
    ValueError
        If the file is not a notebook, or holds nothing to show.
    """
    path, to = Path(path), Path(to)
    notebook = prepare_deck(read_notebook(path))
    if not any(cell.metadata["slideshow"]["slide_type"] != "notes" for cell in notebook.cells):
        raise ValueError(f"{path} holds no cell to show")
    config = Config(CSSHTMLHeaderPreprocessor={"style": "default"})
    exporter = SlidesExporter(
        config=config, template_name="template", extra_template_basedirs=[str(ASSETS)], exclude_anchor_links=True,
        exclude_input_prompt=True, exclude_output_prompt=True,
    )  # fmt: skip
    exporter.log.setLevel(logging.ERROR)
    where = {"metadata": {"path": str(path.parent), "name": path.stem}}
    page, _ = exporter.from_notebook_node(notebook, resources=where)
    page = PICTURE.sub(lambda found: f'{found[1]}{_embedded(path.parent, found[2])}"', page)
    target = to / f"{path.stem}.html"
    target.write_text(NOTEBOOK_LINK.sub(r"\1.html", page), encoding="utf-8")
    return target


def _embedded(folder: Path, address: str) -> str:
    """Return a picture of the repository as a data URL; an address that leads to no file stays as it is."""
    file = folder / unquote(address)
    if not file.is_file():
        return address
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def export_all(paths: list[Path], to: str | Path) -> list[Path]:
    """Write several notebooks as slides, with the files they share and a page of contents."""
    to = Path(to)
    shutil.copytree(ASSETS / "static", to / "static", dirs_exist_ok=True)
    pages = [export(path, to) for path in paths]
    decks = [(page.name, page.stem.replace("_", " ")) for page in sorted(to.glob("[0-9]*.html"))]
    template = jinja2.Template((ASSETS / "template" / "contents.html.j2").read_text("utf-8"), autoescape=True)
    (to / "index.html").write_text(template.render(decks=decks), encoding="utf-8")
    return pages


def update_slide_types(path: Path) -> bool:
    """Write slide types into one notebook file; return whether that changed it."""
    notebook = read_notebook(path)
    before = path.read_bytes()
    write_slide_types(notebook)
    nbformat.write(notebook, path)
    return path.read_bytes() != before


def main(arguments: list[str] | None = None) -> int:
    """Export the notebooks named, or all; with `--mark`, write slide types into them instead."""
    parser = argparse.ArgumentParser(prog="python -m aecourse.classroom.slides", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 03 (default: all)")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"), help="where the notebooks lie")
    parser.add_argument("--to", type=Path, default=Path("build/slides"), help="where the slides go")
    parser.add_argument("--mark", action="store_true", help="write slide types into the notebooks, by the rule")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    try:
        paths = find_notebooks(options.folder, options.names)
        if options.mark:
            changed = [path.name for path in paths if update_slide_types(path)]
            print(f"{len(paths)} notebooks, {len(changed)} changed: {', '.join(changed) or 'none'}")
            return 0
        pages = export_all(paths, options.to)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    megabytes = sum(file.stat().st_size for file in options.to.rglob("*") if file.is_file()) / 1e6
    seconds = time.perf_counter() - started
    print(f"{len(pages)} decks in {seconds:.0f} s, {megabytes:.1f} MB. Open {options.to / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
