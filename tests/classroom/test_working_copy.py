"""The learner's copies: without outputs, never overwritten; what a saved notebook keeps of its widgets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from helpers.paths import NOTEBOOKS, ROOT
from nbformat.sign import NotebookNotary
from traitlets.config import PyFileConfigLoader

from aecourse import __version__
from aecourse.classroom.notebook_files import fingerprint
from aecourse.classroom.working_copy import fresh_copy, keep_widgets, make_working_copy
from aecourse.records import COPY, EDITION, STATE, VIEW


@pytest.fixture(autouse=True)
def _own_signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures go into a folder of the test."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy in a folder whose name has a space, an umlaut and Chinese characters."""
    return make_working_copy(tmp_path / "Gerät 自编码 work")


def test_every_notebook_without_outputs(copy: Path) -> None:
    """Text and code as in the original, nothing run, and the diagrams where the text looks for them."""
    assert [path.name for path in sorted((copy / "notebooks").glob("*.ipynb"))] == [path.name for path in NOTEBOOKS]
    for original in NOTEBOOKS:
        mine = nbformat.read(copy / "notebooks" / original.name, as_version=4)
        theirs = nbformat.read(original, as_version=4)
        assert [cell.source for cell in mine.cells] == [cell.source for cell in theirs.cells]
        code = [cell for cell in mine.cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code)
        assert NotebookNotary().check_signature(mine)
        for cell in mine.cells:
            for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", cell.source):
                assert (copy / "notebooks" / picture).stat().st_size > 1_000


def test_own_work_stays_and_a_deleted_notebook_comes_back(copy: Path) -> None:
    """Whatever was written, damaged or deleted; the originals stay as they are."""
    mine, lost = (copy / "notebooks" / f"{name}.ipynb" for name in ("00_start_here", "01_compression"))
    original = (ROOT / "notebooks" / mine.name).read_bytes()
    mine.write_text("my answers")
    lost.unlink()
    assert make_working_copy(copy) == copy
    assert mine.read_text() == "my answers"
    assert lost.exists()
    assert (ROOT / "notebooks" / mine.name).read_bytes() == original


def test_an_update_renews_what_nobody_touched(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of an earlier edition in which nothing was done; what was written, run or damaged stays as it is."""
    paths = [copy / "notebooks" / path.name for path in NOTEBOOKS[:4]]
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[0].source, notebook.metadata[EDITION] = "# as it was", "0.1.0"
        notebook.metadata[COPY] = fingerprint(notebook)
        nbformat.write(notebook, path)
    written, ran = (nbformat.read(path, as_version=4) for path in paths[:2])
    written.cells[-1].source += " mine"
    next(cell for cell in ran.cells if cell.cell_type == "code").execution_count = 1
    for notebook, path in zip((written, ran), paths, strict=False):
        nbformat.write(notebook, path)
    paths[2].write_text('{"cells":')
    (copy / "images" / "hourglass.svg").write_text("old")
    before = [path.read_bytes() for path in paths]
    make_working_copy(copy)
    assert [path.read_bytes() == old for path, old in zip(paths, before, strict=True)] == [True, True, True, False]
    assert nbformat.read(paths[3], as_version=4).metadata[EDITION] == __version__
    assert (copy / "images" / "hourglass.svg").stat().st_size > 1_000


def test_an_untouched_copy_beside_the_old_one(copy: Path) -> None:
    """Another name each time, and the old one stays."""
    mine = copy / "notebooks" / "03_undercomplete_vs_pca.ipynb"
    mine.write_text("my answers")
    names = [fresh_copy(copy, "03").name for _ in range(2)]
    assert names == ["03_undercomplete_vs_pca_fresh.ipynb", "03_undercomplete_vs_pca_fresh_2.ipynb"]
    assert mine.read_text() == "my answers"
    for name, words in (("17", "holds none"), ("0", "begins 10")):
        with pytest.raises(ValueError, match=words):
            fresh_copy(copy, name)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "work").write_text("")
    with pytest.raises(ValueError, match="folder must be one that can be written"):
        make_working_copy(tmp_path / "work")


def shown(model: str) -> dict:
    """An output that shows a widget and has words for those who see none."""
    return {"data": {VIEW: {"model_id": model}, "text/plain": "words"}, "output_type": "display_data"}


def saved(outputs: list[dict], models: dict) -> dict:
    """A notebook as JSON, with the state of these widgets."""
    metadata = {"widgets": {STATE: {"version_major": 2, "version_minor": 0, "state": models}}} if models else {}
    return {"cells": [{"cell_type": "code", "outputs": outputs}, {"cell_type": "markdown"}], "metadata": metadata}


def kept(content: dict) -> dict:
    """The state that a notebook holds."""
    return content["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})


OLD = {"a": {"state": {"children": ["IPY_MODEL_b"]}}, "b": {"state": {"value": 1}}, "c": {"state": {}}}


def test_state_of_widgets_that_are_asleep_is_kept() -> None:
    """JupyterLab saves none of them; what they contain is kept with them, and what is shown nowhere goes."""
    content = saved([shown("a")], {})
    keep_widgets(content, saved([shown("a"), shown("c")], OLD))
    assert kept(content) == {name: OLD[name] for name in "ab"}
    assert VIEW in content["cells"][0]["outputs"][0]["data"]


def test_the_newest_state_counts() -> None:
    """What lives in the kernel goes before what was saved."""
    new = {"a": {"state": {"value": 2}}}
    content = saved([shown("a")], new)
    keep_widgets(content, saved([shown("a")], OLD))
    assert kept(content) == new


def test_of_an_explorer_only_its_last_picture_is_kept() -> None:
    """Not the networks and digits that it computes with, nor its settings; other widgets keep all they hold."""
    big = [{"path": ["assets", "network"], "data": "A" * 10**6, "encoding": "base64"}]
    script = {"_anywidget_id": "aecourse.explorers.bottleneck.BottleneckExplorer", "_esm": "…", "layout": "IPY_MODEL_b"}
    holds = {"k": 8, "assets": {}, "setup": {"most": 64}, "training": {"label": "k"}, "notice": ""}
    rest = {"controls": ["k"], "still": "data:image/png;base64,…"}
    models = {"a": {"model_name": "AnyModel", "state": script | holds | rest, "buffers": big}, "b": {"state": {}}}
    models["own"] = {"state": {"still": True, "assets": {}}, "buffers": big}
    content = saved([shown("a"), shown("own")], models)
    for before in ({}, saved([shown("a"), shown("own")], models)):
        keep_widgets(content, before)
        assert kept(content) == models | {"a": {"model_name": "AnyModel", "state": script | rest}}


def test_a_view_without_a_state_keeps_its_words() -> None:
    """Otherwise JupyterLab would say that it found no model."""
    content = saved([shown("lost"), {"output_type": "stream", "text": "…"}], {})
    keep_widgets(content, {})
    assert content == saved([{"data": {"text/plain": "words"}, "output_type": "display_data"},
                             {"output_type": "stream", "text": "…"}], {})  # fmt: skip


def test_the_server_saves_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter's own contents manager, with our settings: written, read, without a complaint."""
    from jupyter_server.services.contents.largefilemanager import LargeFileManager

    monkeypatch.setenv("AECOURSE_WORK", str(tmp_path / "work"))
    config = PyFileConfigLoader(str(ROOT / "aecourse" / "assets" / "jupyter" / "jupyter_lab_config.py")).load_config()
    manager = LargeFileManager(root_dir=config.ServerApp.root_dir, config=config)
    path = "notebooks/00_start_here.ipynb"
    content = json.loads((tmp_path / "work" / path).read_text())
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [shown("a") | {"metadata": {}}, shown("lost") | {"metadata": {}}]
    models = {
        name: {"model_name": "M", "model_module": "m", "model_module_version": "1"} | state
        for name, state in OLD.items()
    }
    content["metadata"] |= saved([], models)["metadata"]
    for _ in range(2):
        manager.save({"type": "notebook", "format": "json", "content": content}, path)
        content["metadata"].pop("widgets", None)  # the second time no kernel knows the widgets
    stored = json.loads((tmp_path / "work" / path).read_text())
    assert set(kept(stored)) == {"a", "b"}
