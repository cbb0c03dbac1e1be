"""What a learner sees in JupyterLab: sliders that move pictures, a pad that answers, a console without complaints.

Every notebook is executed whole by `make notebooks-test`; here its set-up cell and its explorers are enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.axe import faults
from browser.explorers import SLIDER, caption, pixels, wait_for_caption
from browser.lab import Lab
from playwright.sync_api import BrowserContext, Locator

pytestmark = pytest.mark.browser

CHEAPEST = "00_start_here"


@pytest.fixture(scope="module")
def notebook(request: pytest.FixtureRequest, window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A page with the notebook of this name, its explorers at work; for all tests that name it."""
    lab = Lab(window.new_page(), lab_url)
    lab.open(f"{request.param}.ipynb")
    lab.run_explorers()
    yield lab
    lab.close()


def of_notebook(*names: str) -> pytest.MarkDecorator:
    """A test for each of these notebooks."""
    return pytest.mark.parametrize("notebook", names, indirect=True)


def move_slider(lab: Lab, explorer: Locator) -> None:
    """Arrow keys on the first slider change the picture and the caption."""
    before, words = pixels(explorer), caption(explorer)
    explorer.locator(SLIDER).first.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight", "ArrowRight"):  # from either end something moves
        lab.page.keyboard.press(key)
        lab.settle()
        if pixels(explorer) != before:
            break
    assert pixels(explorer) != before
    assert caption(explorer) != words


def test_run_all(lab: Lab) -> None:
    """Run All in a real JupyterLab: every cell runs, the explorer answers, and the console has no complaint."""
    lab.open(f"{CHEAPEST}.ipynb")
    lab.run_all()
    move_slider(lab, lab.show(lab.explorers["BottleneckExplorer"]))
    assert lab.own_complaints() == []


@of_notebook("03_undercomplete_vs_pca")
def test_bottleneck_slider_moves_by_keyboard(notebook: Lab) -> None:
    """Each key press changes the pixels, and the caption, the number box and the row's name agree."""
    explorer = notebook.show(notebook.explorers["BottleneckExplorer"])
    start = int(re.search(r"k = (\d+)", caption(explorer)).group(1))
    explorer.locator(SLIDER).first.focus()
    seen = {pixels(explorer)}
    for step in range(1, 4):
        notebook.page.keyboard.press("ArrowRight")
        notebook.settle()
        assert f"k = {start + step}:" in caption(explorer)
        assert f"PCA-{start + step}" in explorer.locator(".aecourse-names").inner_text()
        assert explorer.locator("input[type=number]").first.input_value() == str(start + step)
        seen.add(pixels(explorer))
    assert len(seen) == 4
    notebook.shoot("bottleneck_explorer")
    assert notebook.own_complaints() == []


@of_notebook("02_encoder_and_decoder")
def test_drawing_changes_the_restored_picture(notebook: Lab) -> None:
    """A stroke on the pad comes back through the bottleneck, and clearing takes it away."""
    explorer = notebook.show(notebook.explorers["DrawingPad"])
    before = pixels(explorer)
    box = explorer.locator(".aecourse-ink canvas").bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 70, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 150, box["y"] + 60, steps=8)
    mouse.move(box["x"] + 100, box["y"] + 170, steps=12)
    mouse.up()
    wait_for_caption(explorer, r"MSE 0\.\d+")
    notebook.settle()
    drawn = pixels(explorer)
    assert drawn != before
    notebook.shoot("drawing_pad")
    explorer.locator(".aecourse-ink canvas").focus()
    for key in [" ", *["ArrowDown"] * 6, " "]:
        notebook.page.keyboard.press(key)
    notebook.settle()
    assert pixels(explorer) != drawn, "drawing by keyboard must change the picture too"
    explorer.get_by_text("clear the drawing").click()
    wait_for_caption(explorer, "Draw a digit")
    assert notebook.own_complaints() == []


@of_notebook("02_encoder_and_decoder")
def test_map_decodes_where_the_mouse_hovers(notebook: Lab) -> None:
    """Hovering over the map moves z and decodes another picture."""
    explorer = notebook.show(notebook.explorers["LatentMapExplorer"])
    before, words = pixels(explorer), caption(explorer)
    box = explorer.locator("[role=application]").bounding_box()
    notebook.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.7 * box["height"])
    wait_for_caption(explorer, r"z = \((?!" + re.escape(words.split("(")[1].split(",")[0]) + ")")
    notebook.settle()
    assert pixels(explorer) != before
    notebook.shoot("latent_map")
    assert notebook.own_complaints() == []


@of_notebook("01_compression")
def test_training_runs_live_and_stops(notebook: Lab) -> None:
    """Train shows a falling loss while it runs, Stop ends it and keeps the network."""
    explorer = notebook.show(notebook.explorers["TrainingExplorer"])
    epochs = explorer.get_by_role("spinbutton", name="epochs")
    epochs.fill("20")  # so many that Stop comes before the end
    epochs.press("Enter")
    notebook.settle()
    before = pixels(explorer)
    explorer.get_by_role("button", name="Train").click()
    wait_for_caption(explorer, "epoch 1")
    notebook.shoot("training_explorer")
    explorer.get_by_role("button", name="Stop").click()
    wait_for_caption(explorer, "Ended early by Stop")
    assert pixels(explorer) != before
    assert notebook.own_complaints() == []


@of_notebook("04_deep_and_stacked", "05_sparse", "06_denoising", "07_contractive", "08_variational")
def test_each_family_answers_the_keyboard(notebook: Lab) -> None:
    """An arrow key on each explorer's slider changes the picture and the caption."""
    for name, place in notebook.explorers.items():
        move_slider(notebook, notebook.show(place))
        notebook.shoot(name)
    assert notebook.own_complaints() == []


@of_notebook("03_undercomplete_vs_pca", "08_variational")
def test_axe_finds_nothing_in_a_notebook(notebook: Lab) -> None:
    """Two notebooks as learners meet them, with what unfolds unfolded."""
    explorer = notebook.show(*notebook.explorers.values())
    for button in explorer.locator("button:visible", has_text=re.compile("draw your own|train it yourself")).all():
        button.click()
    explorer.locator(f".aecourse-panel {SLIDER}").first.wait_for()
    assert faults(notebook.page, ".aecourse") == []
