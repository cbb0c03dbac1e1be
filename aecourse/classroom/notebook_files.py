"""Find and read the notebooks on disk, with clear errors for those that cannot be read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

import nbformat
from nbformat import NotebookNode

# What `aecourse fresh`, JupyterLab, browsers, Windows and macOS put behind the name of a copy.
MARK_OF_A_COPY = re.compile(r"(_fresh(_\d+)?|[ _-]+[Cc]opy ?\d*|[ _-]*\(\d+\))+$")
CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.M)  # what git writes into a file that was changed at two places


def find_notebooks(folder: str | Path, names: Iterable[str] = ()) -> list[Path]:
    """Return the numbered notebooks of a folder, in order.

    Parameters
    ----------
    folder : str or Path
    names : iterable of str
        Beginnings of file names, such as "03"; without any, all notebooks.

    Raises
    ------
    ValueError
        If the folder is missing, or holds no such notebook.
    """
    folder, names = Path(folder), tuple(names)
    if not folder.is_dir():
        raise ValueError(f"folder must be a folder with notebooks; there is no folder {str(folder)!r}")
    found = [path for path in sorted(folder.glob("[0-9]*.ipynb")) if not names or path.name.startswith(names)]
    if not found:
        wanted = f"whose name begins with {' or '.join(names)}" if names else "whose name begins with a number"
        raise ValueError(f"folder must hold a notebook {wanted}; {str(folder)!r} holds none")
    return found


def read_notebook(path: str | Path) -> NotebookNode:
    """Return one notebook as saved, in nbformat 4.

    Raises
    ------
    ValueError
        If the file cannot be read, or is not a notebook.
    """
    try:
        notebook = nbformat.read(Path(path), as_version=4)
        nbformat.validate(notebook)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # nbformat fails in many ways on what is not a notebook
        if CONFLICT.search(Path(path).read_text("utf-8", "replace")):
            raise ValueError(
                f"{path} was changed here and by an update, and git left its conflict marks (<<<<<<<) in it: "
                "keep yours by git checkout --ours, or the new one by git checkout --theirs, and the file's name"
            ) from error
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(f"{path} is not a Jupyter notebook: {reason}") from error
    return notebook


def course_folder() -> Path:
    """Return the folder with `notebooks/` and `docs/`: inside an installed package, around it in a checkout."""
    package = Path(str(resources.files("aecourse")))
    inside = package / "course"
    return inside if inside.is_dir() else package.parent


def shipped_folder() -> Path:
    """Return the folder with the notebooks as they ship.

    Raises
    ------
    ValueError
        If this installation has none.
    """
    folder = course_folder() / "notebooks"
    if not folder.is_dir():
        raise ValueError(f"this installation lacks {folder}: get the course again, and install it from its folder")
    return folder


def read_shipped(name: str) -> NotebookNode | None:
    """Return the shipped notebook of this file name, or of the name that it is a copy of; None if there is none."""
    original = shipped_folder() / f"{original_of(name)}.ipynb"
    return read_notebook(original) if original.is_file() else None


def copies(done: Mapping[str, int]) -> list[str]:
    """Return the files that do not count because another copy of the same notebook holds as much or more work.

    Parameters
    ----------
    done : {name of a file: how much was done in it}; among equals the original counts, not a copy such as
    "…-Copy1.ipynb"
    """
    best: dict[str, str] = {}
    for name in sorted(done, key=lambda name: (original_of(name) != Path(name).stem, name)):
        kept = best.setdefault(original_of(name), name)
        if done[name] > done[kept]:
            best[original_of(name)] = name
    return sorted(done.keys() - best.values())


def original_of(name: str) -> str:
    """Return the name of the notebook that a file is, or is a copy of: "03_a-Copy1.ipynb" is of "03_a"."""
    return MARK_OF_A_COPY.sub("", Path(name).stem)


def fingerprint(notebook: NotebookNode) -> str:
    """Return a short text that changes with what is written in the cells."""
    written = "\0".join(cell.source.strip() for cell in notebook.cells)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])
