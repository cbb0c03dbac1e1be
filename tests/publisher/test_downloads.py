"""A notebook taken from the site, or opened in Colab or Binder: alone it is whole, and its links lead to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from helpers.paths import NOTEBOOKS, ROOT

from aecourse.classroom.notebook_files import fingerprint
from aecourse.publisher.downloads import BRANCH, as_download, links
from aecourse.records import COPY

REPOSITORY = "owner/name"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_whole(path: Path) -> None:
    """Valid, untouched, with its diagrams in it, and no picture that lies elsewhere."""
    original, taken = nbformat.read(path, as_version=4), as_download(path, "")
    nbformat.validate(taken)
    diagrams = sum(cell.source.count("](../images/") for cell in original.cells)
    texts = "\n".join(cell.source for cell in taken.cells)
    assert len(re.findall(r'<img alt="[^"<>]{20,}" src="data:image/svg\+xml;base64,[\w+/]+=*">', texts)) == diagrams
    assert "](../images/" not in texts and len(taken.cells) == len(original.cells)
    assert taken.metadata[COPY] == fingerprint(taken)


def test_with_a_repository_its_first_cell_installs_the_course() -> None:
    """And no cell of the course does."""
    first, *others = as_download(NOTEBOOKS[0], REPOSITORY).cells
    assert f"git+https://github.com/{REPOSITORY}" in first.source
    assert [cell.id for cell in others] == [cell.id for cell in as_download(NOTEBOOKS[0], "").cells]


@pytest.mark.parametrize("path", NOTEBOOKS[:-1], ids=lambda path: path.stem)
def test_the_links_lead_to_it(path: Path) -> None:
    """Without a repository there is only the file; Colab opens the published one, Binder that of the repository."""
    assert re.findall('href="([^"]*)"', links(path.stem, "")) == [path.name]
    file, colab, binder = re.findall('href="([^"]*)"', links(path.stem, REPOSITORY))
    prefix = f"https://colab.research.google.com/github/{REPOSITORY}/blob/{BRANCH}/"
    assert colab.removeprefix(prefix) == f"notebooks/{file}"
    place = urlsplit(binder)
    assert place.path == f"/v2/gh/{REPOSITORY}/HEAD" and (ROOT / parse_qs(place.query)["labpath"][0]).exists()
    assert (ROOT / "environment.yml").exists(), "which Binder reads"


@pytest.mark.slow
def test_the_first_cell_word_for_word(tmp_path: Path) -> None:
    """In an environment that has what Colab has, but not the course; the repository is one on this disk."""
    course = tmp_path / "course"
    kept = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("aecourse", "notebooks", "docs"):
        shutil.copytree(ROOT / name, course / name, ignore=kept)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, course)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", "-C", course, *words], check=True)
    venv.create(tmp_path / "colab", with_pip=True, symlinks=os.name == "posix")
    python = tmp_path / "colab" / ("bin" if os.name == "posix" else "Scripts") / "python"
    here = Path(pytest.__file__).parents[1]  # where the other packages are
    next((tmp_path / "colab").rglob("site-packages")).joinpath("others.pth").write_text(f"{here}\n", encoding="utf-8")
    cell = as_download(NOTEBOOKS[3], REPOSITORY).cells[0].source
    program = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
assert shell.run_cell("import aecourse").error_in_exec is not None
shell.run_cell({cell!r}).raise_error()
shell.run_cell("import aecourse; aecourse.load_mnist(); print('from', aecourse.__file__)").raise_error()
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    environment |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{course.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{REPOSITORY}",
    }
    done = subprocess.run([python, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"from {tmp_path / 'colab'}" in done.stdout and sys.prefix not in done.stdout
