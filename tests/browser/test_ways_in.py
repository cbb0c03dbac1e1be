"""Every way into the notebooks shows their diagrams; a JupyterLab that cannot show explorers says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from browser.lab import Lab, serve
from helpers.paths import ROOT
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

NOTEBOOK = "00_start_here.ipynb"
PLAIN = ("jupyterlab", "--allow-root", "--LabApp.expose_app_in_browser=True")
WAYS = {  # the command, and where the notebooks lie below its root
    "aecourse_lab": (("aecourse", "lab"), "notebooks/"),
    "checkout": ((*PLAIN, "--ServerApp.root_dir=checkout"), "notebooks/"),  # as Binder has it
}
SOURCES = [
    "from aecourse.explorers import BottleneckExplorer\nexplorer = BottleneckExplorer(k=4)\nexplorer",
    "from aecourse.doctor import diagnose\nhealthy = diagnose()",
    "from aecourse.jupyter import only_a_picture\nprint(only_a_picture())  # the caption of the picture",
]
WITH_DIAGRAMS = """() => [...window.jupyterapp.shell.currentWidget.content.widgets.entries()].filter(
  ([_, { model }]) => model.sharedModel.source.includes('](../images/')).map(([place]) => place)"""


@pytest.mark.parametrize("name", WAYS)
def test_the_diagrams_are_there(name: str, tmp_path: Path, browser: Browser) -> None:
    """Both diagrams of 00, with a width."""
    way, tree = WAYS[name]
    for folder in ("notebooks", "images"):  # a copy: JupyterLab saves what it opens
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder)
    with serve(tmp_path, way=way, tree=tree) as url:
        lab = Lab(browser.new_context(viewport={"width": 1366, "height": 800}).new_page(), url)
        lab.open(NOTEBOOK)
        places = lab.page.evaluate(WITH_DIAGRAMS)
        assert len(places) == 2
        for place in places:
            lab.page.evaluate("(i) => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", place)
            picture = lab.page.locator(f".jp-Cell[data-windowed-list-index='{place}'] .jp-MarkdownOutput img")
            assert picture.evaluate("(node) => node.decode().then(() => node.naturalWidth)") == 900
            lab.shoot(f"way_in_{name}_{place}")
        lab.close()


def test_a_jupyterlab_without_the_widgets_says_so(tmp_path: Path, browser: Browser) -> None:
    """As one of another environment: the explorer's picture and the doctor name the cause and the cure."""
    nothing = tmp_path / "no extensions"
    way = (*PLAIN, f"--ServerApp.root_dir={tmp_path}", f"--LabServerApp.labextensions_path=['{nothing}']")
    with serve(tmp_path, way=way, tree="") as url:
        lab = Lab(browser.new_context(viewport={"width": 1366, "height": 800}).new_page(), url)
        lab.write("other.ipynb", SOURCES, folder="")
        lab.run_cells(list(range(len(SOURCES))))
        cells = lab.page.locator(".jp-Cell")
        assert cells.nth(0).locator("img").evaluate("(node) => node.decode().then(() => node.naturalWidth)") > 500
        assert cells.nth(0).locator("input").count() == 0
        for place in (1, 2):
            said = cells.nth(place).locator(".jp-OutputArea").inner_text()
            assert "another environment, which lacks ipywidgets and anywidget" in said and "aecourse lab" in said
        lab.shoot("server_without_widgets")
        lab.close()
