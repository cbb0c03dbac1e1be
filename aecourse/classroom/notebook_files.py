"""Find and read the notebooks on disk, with clear errors for those that cannot be read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import nbformat
from nbformat import NotebookNode


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
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(f"{path} is not a Jupyter notebook: {reason}") from error
    return notebook


def shipped_folder() -> Path | None:
    """The folder with the notebooks as they ship: inside an installed package, beside it in a checkout."""
    package = Path(str(resources.files("aecourse")))
    return next((f for f in (package / "notebooks", package.parent / "notebooks") if f.is_dir()), None)


def read_shipped(name: str) -> NotebookNode | None:
    """Return the notebook of this file name as it ships, or None if there is none; "03_…_fresh" is "03_…"."""
    folder, name = shipped_folder(), re.sub(r"_fresh(_\d+)?(?=\.ipynb$)", "", name)
    return read_notebook(folder / name) if folder and (folder / name).is_file() else None


def fingerprint(notebook: NotebookNode) -> str:
    """Return a short text that changes with what is written in the cells."""
    written = "\0".join(cell.source.strip() for cell in notebook.cells)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])
