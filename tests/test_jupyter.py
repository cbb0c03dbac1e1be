"""What the JupyterLab above a kernel can show: asked of a server, one that has the widgets and one that has not."""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aecourse import jupyter
from aecourse.explorers import BottleneckExplorer
from aecourse.explorers.base import page


@pytest.fixture
def extensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of extensions of a server that has noted itself as Jupyter's do, above this process."""
    folder = tmp_path / "lab" / "extensions"
    folder.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    note = {"url": f"http://127.0.0.1:{server.server_port}/"}
    (tmp_path / f"jpserver-{os.getppid()}.json").write_text(json.dumps(note))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    jupyter.server_parts.cache_clear()
    yield folder
    server.shutdown()
    jupyter.server_parts.cache_clear()


def test_a_server_with_the_widgets(extensions: Path) -> None:
    """Nothing is to be said; the versions are known."""
    for name in jupyter.WIDGET_PARTS:
        (extensions / name).mkdir(parents=True)
        (extensions / name / "package.json").write_text('{"version": "5.1"}')
    assert jupyter.server_parts() == dict.fromkeys(jupyter.WIDGET_PARTS, "5.1")
    assert jupyter.only_a_picture() == ""


def test_a_server_without_them(extensions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cause and cure, in two lines; they stand below an explorer's picture."""
    cause, cure = jupyter.only_a_picture().split("\n")
    assert "another environment" in cause and "ipywidgets and anywidget" in cause
    assert "aecourse lab" in cure
    monkeypatch.setattr(page, "figure_png", lambda figure: figure.get_supxlabel().encode())
    assert BottleneckExplorer(k=4).static_png().decode() == f"{cause}\n{cure}"


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal, an editor, a server that has ended: nothing is known, and nothing is said."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    for note in (None, "{", json.dumps({"url": "http://127.0.0.1:9/"})):
        jupyter.server_parts.cache_clear()
        if note:
            (tmp_path / f"jpserver-{os.getppid()}.json").write_text(note)
        assert jupyter.server_parts() is None and jupyter.only_a_picture() == ""
    jupyter.server_parts.cache_clear()
