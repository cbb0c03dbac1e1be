"""The page and Python: each moves the other, and the page goes on while the kernel computes or has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.explorers import PICTURES, SLIDER, answers, caption, wait_for_caption
from browser.gallery import NAMES, open_gallery
from browser.lab import KERNEL, Lab
from playwright.sync_api import BrowserContext, Locator, expect

pytestmark = pytest.mark.browser

CELLS = (
    "from aecourse.explorers import BottleneckExplorer\nexplorer = BottleneckExplorer(k=8)\nexplorer",
    "explorer.k = 32",
    "print('Python has', explorer.k)",
    "import time; time.sleep(60)",
    "from ipywidgets import IntSlider, VBox, jslink\nslider = IntSlider(8, 1, 64)\n"
    "jslink((slider, 'value'), (explorer, 'k'))\nVBox([slider, explorer])",
)
PLACE, SET, ASK, SLEEP, LINK = range(len(CELLS))
PAUSE = 1000  # milliseconds; Python hears of a move when the control has rested for 300
BUSY = f"() => {KERNEL}.status === 'busy'"
GIVES_UP = """{
  const { timeout } = AbortSignal, now = new AbortController();
  AbortSignal.timeout = (time) => time === 2000 ? now.signal : timeout.call(AbortSignal, time);
  const { createObjectURL } = URL; // a script that is about to be loaded
  URL.createObjectURL = (blob) => { setTimeout(() => now.abort()); return createObjectURL.call(URL, blob); };
}"""
WAITS = "Only the kernel can give this. Run this cell to use it."


@pytest.fixture(scope="module")
def trial(window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A page with a notebook of these cells, of which the first has run."""
    lab = Lab(window.new_page(), lab_url)
    lab.write("page_and_kernel.ipynb", list(CELLS))
    lab.run_cells([PLACE])
    yield lab
    lab.close()


def python_has(lab: Lab, k: int) -> None:
    """What `print(explorer.k)` prints."""
    lab.page.wait_for_timeout(PAUSE)
    lab.run_cells([ASK])
    expect(lab.page.locator(f".jp-Cell[data-windowed-list-index='{ASK}'] .jp-OutputArea")).to_contain_text(f"has {k}")


def test_a_cell_moves_the_page_and_the_page_moves_python(trial: Lab) -> None:
    """`explorer.k = 32` moves slider, box, picture and caption; what a key then moves is in `explorer.k`."""
    explorer = trial.show(PLACE)
    before = explorer.evaluate(PICTURES)
    trial.run_cells([SET])
    wait_for_caption(explorer, "^k = 32:")
    expect(explorer.locator(SLIDER).first).to_have_value("32")
    expect(explorer.get_by_role("spinbutton").first).to_have_value("32")
    assert explorer.evaluate(PICTURES) != before
    trial.show(PLACE).locator(SLIDER).first.press("ArrowRight")
    python_has(trial, 33)
    assert trial.own_complaints() == []


def test_no_key_is_lost_while_python_answers(trial: Lab) -> None:
    """Keys go on while Python, which was busy, hears of the first one and says so."""
    explorer = trial.show(PLACE)
    slider = explorer.locator(SLIDER).first
    slider.press("Home")
    python_has(trial, 1)
    trial.page.evaluate(f"() => {{ {KERNEL}.requestExecute({{ code: 'import time; time.sleep(2)' }}); }}")
    trial.page.wait_for_function(BUSY)
    slider.press("ArrowRight")
    trial.page.wait_for_timeout(300)
    for _ in range(50):
        slider.press("ArrowRight")
        trial.page.wait_for_timeout(40)
    assert not trial.page.evaluate(BUSY)
    wait_for_caption(explorer, "^k = 52:")
    python_has(trial, 52)


def test_keys_move_the_picture_while_a_cell_computes(trial: Lab) -> None:
    """Twenty of twenty; Python hears of the last one when it is free again."""
    explorer = trial.show(PLACE)
    explorer.locator(SLIDER).first.press("Home")
    trial.page.evaluate(f"() => {{ {KERNEL}.requestExecute({{ code: 'import time; time.sleep(60)' }}); }}")
    trial.page.wait_for_function(BUSY)
    assert answers(explorer, 20)
    assert trial.page.evaluate(BUSY)
    trial.page.wait_for_timeout(PAUSE)
    trial.page.evaluate(f"() => {KERNEL}.interrupt()")
    python_has(trial, 21)
    wait_for_caption(trial.show(PLACE), "^k = 21:")
    assert trial.own_complaints() == []


def test_a_link_in_the_page(trial: Lab) -> None:
    """`jslink` ties a slider of ipywidgets to the explorer, both ways."""
    trial.run_cells([LINK])
    explorer = trial.show(LINK)
    cell = trial.page.locator(f".jp-Cell[data-windowed-list-index='{LINK}']")
    cell.locator(".noUi-handle").press("Home")
    wait_for_caption(explorer, "^k = 1:")
    cell.locator(".noUi-handle").press("ArrowRight")
    wait_for_caption(explorer, "^k = 2:")
    explorer.locator(SLIDER).first.press("ArrowRight")
    wait_for_caption(explorer, "^k = 3:")
    expect(cell.locator(".widget-readout")).to_have_text("3")
    python_has(trial, 3)
    assert trial.own_complaints() == []


def test_an_explorer_whose_script_started_late(window: BrowserContext, lab_url: str) -> None:
    """A busy machine: anywidget gives up after two seconds; the explorer comes all the same."""
    page = window.new_page()
    page.add_init_script(GIVES_UP)
    lab = Lab(page, lab_url)
    lab.write("late.ipynb", list(CELLS))
    lab.run_cells([PLACE])
    wait_for_caption(lab.show(PLACE), "^k = 8:")
    lab.run_cells([SET])
    wait_for_caption(lab.show(PLACE), "^k = 32:")
    lab.show(PLACE).get_by_label("network").select_option(label="one network per k")  # asks Python for it
    wait_for_caption(lab.show(PLACE), "autoencoder 0.0039")
    lab.close()


@pytest.fixture(scope="module")
def orphans(window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A page with every explorer on it, whose kernel has been shut down."""
    lab = Lab(window.new_page(), lab_url)
    open_gallery(lab)
    for place in range(len(NAMES)):
        lab.show(place)
        lab.page.wait_for_timeout(PAUSE)
    lab.save()
    lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    yield lab
    lab.close()


def draw(lab: Lab, canvas: Locator) -> None:
    """A stroke by keyboard."""
    canvas.focus()
    for key in (" ", *["ArrowDown"] * 6, *["ArrowRight"] * 6, " "):
        lab.page.keyboard.press(key)


@pytest.mark.parametrize("name", NAMES)
def test_every_explorer_goes_on_without_its_kernel(orphans: Lab, name: str) -> None:
    """Each slider moves the picture, or the caption says that the kernel has what it asks for; or the panel sleeps."""
    explorer = orphans.show(NAMES.index(name))
    if name == "TrainingExplorer":
        expect(explorer.locator(".aecourse-panel .aecourse-asleep-note")).to_have_count(1)
        return
    if name == "DrawingPad":
        draw(orphans, explorer.locator(".aecourse-ink canvas"))
        wait_for_caption(explorer, "MSE")
    silent = []
    for slider in explorer.locator(SLIDER).all():
        seen = {explorer.evaluate(PICTURES)}
        for key in ("End", "Home"):
            slider.press(key)
            orphans.page.wait_for_timeout(100)
            seen.add(explorer.evaluate(PICTURES))
        if len(seen) == 1 and caption(explorer) != WAITS:
            silent.append(slider.get_attribute("aria-label"))
    orphans.shoot(f"orphan_{name}")
    assert silent == []
    assert explorer.locator(".aecourse-error, .aecourse-asleep-note").count() == 0
    assert orphans.own_complaints() == []


def test_every_explorer_rests_on_the_next_day(orphans: Lab) -> None:
    """With another kernel: one sentence and the last picture, nothing that looks alive, and no complaint."""
    orphans.reload()
    odd = {}
    for place, name in enumerate(NAMES):
        explorer = orphans.show(place)
        explorer.locator("img.aecourse-still[style]").wait_for()
        orphans.shoot(f"next_day_{name}")
        controls = explorer.locator("button, input, select, [tabindex]").count()
        if controls or explorer.inner_text().strip() != "Run this cell to use it.":
            odd[name] = explorer.inner_text()
    assert odd == {}
    assert orphans.own_complaints() == []
