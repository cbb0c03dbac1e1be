"""The learner's own copies of the notebooks: without outputs, never overwritten, away from the originals."""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from contextlib import suppress
from pathlib import Path

from nbformat import NotebookNode, writes
from nbformat.sign import NotebookNotary

from aecourse import __version__
from aecourse.classroom.notebook_files import find_notebooks, fingerprint, read_notebook, shipped_folder
from aecourse.files import expanded, write_whole, writing
from aecourse.records import COPY, EDITION, STATE, VIEW

AT_REST = {"controls", "layout", "still"}  # what shows an explorer's last picture, besides its script


def make_working_copy(folder: str | Path) -> Path:
    """Copy missing notebooks, without outputs, and their diagrams into a folder; return its absolute path.

    What was run or written there stays as it is. A deleted notebook comes back new, and an untouched one of an earlier
    edition is replaced by the new one. All notebooks in the folder are signed, so that JupyterLab shows again what
    their widgets showed when they were saved.

    Raises
    ------
    ValueError
        If the folder cannot be written, or this installation has no notebooks.
    """
    folder, originals = expanded(folder).resolve(), shipped_folder()
    with writing("folder must be one", folder):
        (folder / "notebooks").mkdir(parents=True, exist_ok=True)
        (folder / "images").mkdir(exist_ok=True)
        for diagram in originals.with_name("images").glob("*.svg"):
            write_whole(folder / "images" / diagram.name, diagram.read_bytes())
        for original in find_notebooks(originals):
            copy = folder / "notebooks" / original.name
            if not copy.exists() or _is_replaceable(copy):
                _write(untouched(original), copy)
    sign(folder / "notebooks")
    return folder


def fresh_copy(folder: str | Path, name: str) -> Path:
    """Put an untouched copy of one notebook beside the learner's own; return its path.

    Parameters
    ----------
    folder : a working copy
    name : the beginning of the notebook's name, such as "03"

    Raises
    ------
    ValueError
        If no notebook, or more than one, begins with `name`, or the folder cannot be written.
    """
    found = find_notebooks(shipped_folder(), [name])
    if len(found) > 1:
        raise ValueError(f"name must be the beginning of one notebook; {name!r} begins {len(found)}")
    folder = make_working_copy(folder)
    stems = itertools.chain([f"{found[0].stem}_fresh"], (f"{found[0].stem}_fresh_{n}" for n in itertools.count(2)))
    copy = next(path for stem in stems if not (path := folder / "notebooks" / f"{stem}.ipynb").exists())
    with writing("folder must be one", folder):
        _write(untouched(found[0]), copy)
    sign(folder / "notebooks")
    return copy


def _write(notebook: NotebookNode, path: Path) -> None:
    write_whole(path, (writes(notebook) + "\n").encode())


def untouched(original: Path) -> NotebookNode:
    """Return a notebook of the course as a learner first meets it: nothing was run."""
    notebook = read_notebook(original)
    notebook.metadata[COPY] = fingerprint(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _is_replaceable(copy: Path) -> bool:
    """Whether a copy is of an earlier edition, and nothing was run or written in it."""
    try:
        notebook = read_notebook(copy)
    except ValueError:  # damaged, perhaps the learner's
        return False
    as_it_began = notebook.metadata.get(COPY) == fingerprint(notebook)
    ran = any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    return notebook.metadata.get(EDITION) != __version__ and as_it_began and not ran


def sign(folder: Path) -> None:
    """Tell Jupyter that the notebooks of a folder may show their widgets; a damaged one is left to JupyterLab.

    Where Jupyter cannot keep this, without a home folder or on a full disk, what was saved of the widgets stays hidden.
    """
    with suppress(OSError, sqlite3.Error):
        notary = NotebookNotary()
        for path in folder.glob("*.ipynb"):
            with suppress(ValueError):
                notary.sign(read_notebook(path))
        notary.store.close()


def before_saving(*, model: dict, path: str, contents_manager: object, **_) -> None:
    """Call `keep_widgets` for a notebook; Jupyter's server calls this before it writes any file."""
    if model["type"] != "notebook" or not model.get("content"):
        return
    try:
        before = json.loads((Path(contents_manager.root_dir) / path.strip("/")).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a new notebook, or a damaged one
        before = {}
    keep_widgets(model["content"], before)


def _at_rest(model: dict) -> dict:
    state = model.get("state", {})
    if "still" not in state or not str(state.get("_anywidget_id", "")).startswith("aecourse."):
        return model
    kept = {name: value for name, value in state.items() if name.startswith("_") or name in AT_REST}
    return {name: value for name, value in model.items() if name != "buffers"} | {"state": kept}


def keep_widgets(content: dict, before: dict) -> None:
    """Keep the state of the widgets in the outputs of a notebook that is being saved, and no other; in place.

    JupyterLab saves only widgets whose kernel is running. The others are taken from the notebook as it was saved
    before; an output whose widget is in neither keeps its picture or its words. For an explorer only its last picture
    and the script that shows it are kept: its data take megabytes.

    Parameters
    ----------
    content : the notebook to be saved, as JSON
    before : the notebook as it is on the disk, as JSON; empty if there is none
    """
    live, saved = (notebook.get("metadata", {}).get("widgets", {}).get(STATE, {}) for notebook in (content, before))
    models = saved.get("state", {}) | live.get("state", {})
    shown = [
        data
        for cell in content.get("cells", [])
        for output in cell.get("outputs", [])
        if VIEW in (data := output.get("data", {}))
    ]
    kept, wanted = {}, [data[VIEW].get("model_id") for data in shown]
    while wanted:
        name = wanted.pop()
        if name in models and name not in kept:
            kept[name] = _at_rest(models[name])
            wanted += re.findall(r"IPY_MODEL_(\w+)", json.dumps(models[name]))
    for data in shown:
        if data[VIEW].get("model_id") not in kept:
            del data[VIEW]
            data.setdefault("text/plain", "Run this cell to use it.")
    content.get("metadata", {}).pop("widgets", None)
    if kept:
        content["metadata"]["widgets"] = {
            STATE: {"version_major": 2, "version_minor": 0} | saved | live | {"state": kept}
        }
