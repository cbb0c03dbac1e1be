"""What a learner types, pins and uploads: numbers that are not whole, a point that stays, pictures of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser.axe import faults
from browser.explorers import caption, pixels, wait_for_caption
from browser.lab import Lab
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, expect

pytestmark = pytest.mark.browser

CELLS = (
    "from aecourse.explorers import BottleneckExplorer, LatentMapExplorer, PictureUpload",
    "BottleneckExplorer(k=8)",
    "LatentMapExplorer()",
    "upload = PictureUpload(minimum=10)\nupload",
    "BottleneckExplorer(k=32, images=upload.images)",
)


@pytest.fixture(scope="module")
def trial(window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A page with a notebook of these cells, of which the first four have run."""
    lab = Lab(window.new_page(), lab_url)
    lab.write("trial.ipynb", list(CELLS))
    lab.run_cells([1, 2, 3])
    yield lab
    lab.close()


@pytest.mark.parametrize("label", ["numbers in the code, k", "set of ten digits"])
@pytest.mark.parametrize("typed", ["3.7", "3,7", "3.", "60.25"])
def test_a_number_that_is_not_whole_is_refused_with_a_word(trial: Lab, label: str, typed: str) -> None:
    """The box shows the old number again, the picture stays, and the caption says why; "3." is 3."""
    explorer = trial.show(1)
    box = explorer.get_by_role("spinbutton", name=label)
    box.fill("5")
    box.press("Enter")
    wait_for_caption(explorer, r"^k = ")
    trial.settle()
    before = pixels(explorer)
    box.press("Control+a")
    box.press_sequentially(typed)
    box.press("Enter")
    trial.settle()
    if typed == "3.":
        expect(box).to_have_value("3")
        return
    refused = rf"must be a whole number from \d+ to \d+; {typed.replace(',', '.')} is not\. Still 5\."
    wait_for_caption(explorer, f"^{label.capitalize()} {refused}$")
    expect(box).to_have_value("5")
    assert pixels(explorer) == before
    if typed == "3.7":
        trial.shoot(f"refused_{label.split()[0]}")
    box.fill("6")
    box.press("Tab")
    wait_for_caption(explorer, r"^k = ")
    assert trial.own_complaints() == []


def test_a_click_pins_the_point(trial: Lab) -> None:
    """It stays while the mouse goes on, until a second click or Escape; the keys move it all the same."""
    explorer = trial.show(2)
    pad, mouse = explorer.get_by_role("application"), trial.page.mouse
    box = pad.bounding_box()

    def go(right: float, down: float) -> None:
        mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"], steps=3)
        trial.settle()

    def click() -> None:
        mouse.down()
        mouse.up()
        trial.settle()

    def follows(right: float, down: float) -> None:
        words = caption(explorer)
        go(right, down)
        assert caption(explorer) != words

    go(0.3, 0.6)
    click()
    pinned, words = pixels(explorer), caption(explorer)
    go(0.7, 0.3)
    assert (pixels(explorer), caption(explorer)) == (pinned, words)
    expect(explorer.get_by_text("Pinned: click again, or press Escape")).to_be_visible()
    trial.shoot("pinned")
    assert faults(trial.page, ".jp-Cell[data-windowed-list-index='2'] .aecourse") == []
    pad.press("ArrowRight")
    trial.settle()
    assert caption(explorer) != words
    pad.press("Escape")
    expect(explorer.get_by_text("A click pins the point.")).to_be_visible()
    follows(0.4, 0.5)
    click()
    expect(explorer.get_by_text("Pinned")).to_be_visible()
    click()
    follows(0.6, 0.4)
    mouse.down()  # dragging places the point, and leaves it there
    go(0.2, 0.2)
    mouse.up()
    words = caption(explorer)
    go(0.6, 0.6)
    assert caption(explorer) == words
    assert trial.own_complaints() == []


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Twelve large pictures, and a file that is none; together more than the ten megabytes of a usual message."""
    noise = np.random.default_rng(0).integers(0, 60, (900, 1200, 3), np.uint8)
    for i in range(12):
        picture = Image.fromarray(noise)
        ImageDraw.Draw(picture).ellipse((300 + 20 * i, 100, 700 + 20 * i, 800), outline="white", width=90)
        picture.save(tmp_path / f"photo {i:02d}.png", compress_level=1)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 12e6
    return sorted(tmp_path.iterdir())


def test_pictures_come_by_a_button(trial: Lab, photos: list[Path]) -> None:
    """Chosen together, shown as they were read, one broken file named; an explorer shows them in its first row."""
    widget = trial.show(3)
    expect(widget.get_by_text("At least 10 are needed.")).to_be_visible()
    with trial.page.expect_file_chooser() as chooser:
        widget.get_by_role("button", name=re.compile("choose pictures")).click()
    chooser.value.set_files(photos)
    wait_for_caption(widget, r"12 pictures · left out broken\.jpg \(not a picture that can be read\)\.")
    trial.settle()
    trial.shoot("upload")
    assert faults(trial.page, ".jp-Cell[data-windowed-list-index='3'] .aecourse") == []
    trial.run_cells([4])
    explorer = trial.show(4)
    wait_for_caption(explorer, r"^k = 32")
    trial.shoot("own_pictures")
    box = explorer.get_by_role("spinbutton", name="set of ten pictures")
    before = pixels(explorer)
    box.fill("1")
    box.press("Enter")
    trial.settle()
    assert pixels(explorer) != before
    assert trial.own_complaints() == []
