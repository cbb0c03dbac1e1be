"""What a learner sees in JupyterLab: sliders that move pictures, a pad that answers, a console without complaints."""

from __future__ import annotations

import hashlib
import re

import pytest

pytestmark = pytest.mark.browser

PICTURE = ".aecourse-rows img"


def pixels(explorer) -> str:
    """a fingerprint of the explorer's picture, drawn onto a canvas and read back"""
    data = explorer.locator(PICTURE).evaluate(
        """async (img) => { await img.decode();
             const canvas = document.createElement('canvas');
             canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
             const context = canvas.getContext('2d'); context.drawImage(img, 0, 0);
             return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data).join(); }"""
    )
    return hashlib.sha256(data.encode()).hexdigest()


def caption(explorer) -> str:
    """what the explorer says about its picture"""
    return explorer.locator(".aecourse-caption").inner_text()


def explorer_with(lab, text: str):
    """the explorer whose inside contains `text`, brought into view"""
    explorer = lab.page.locator(".aecourse", has_text=text).first
    explorer.wait_for(state="attached", timeout=30_000)
    picture = explorer.locator(PICTURE).first
    for _ in range(60):  # what comes late above it pushes it out of view again, and JupyterLab hides it
        explorer.scroll_into_view_if_needed()
        if picture.is_visible():
            break
        lab.page.wait_for_timeout(1_000)
    picture.wait_for(timeout=1_000)
    return explorer


def wait_for_caption(lab, explorer, pattern: str) -> None:
    """wait until the caption matches"""
    box = explorer.locator(".aecourse-caption")
    for _ in range(600):
        if re.search(pattern, box.inner_text()):
            return
        lab.page.wait_for_timeout(50)
    raise AssertionError(f"caption never matched {pattern!r}; it says {box.inner_text()!r}")


def test_bottleneck_slider_moves_by_keyboard(lab) -> None:
    """notebook 03: Run All, then each key press changes the pixels, and the caption and the curve agree"""
    lab.open("03_undercomplete_vs_pca.ipynb")
    lab.run_all()
    explorer = explorer_with(lab, "set of ten digits")
    start = int(re.search(r"k = (\d+)", caption(explorer)).group(1))
    handle = explorer.locator(".noUi-handle").first
    handle.focus()
    seen = {pixels(explorer)}
    for step in range(1, 4):
        lab.page.keyboard.press("ArrowRight")
        wait_for_caption(lab, explorer, rf"k = {start + step}:")
        seen.add(pixels(explorer))
        assert f"PCA-{start + step}" in explorer.locator(".aecourse-names").inner_text()
        assert explorer.locator("input[type=number]").first.input_value() == str(start + step)
    assert len(seen) == 4
    lab.shoot("bottleneck_explorer")
    assert lab.own_complaints() == []


def test_drawing_changes_the_restored_picture(lab) -> None:
    """notebook 02: a stroke on the pad comes back through the bottleneck, and clearing takes it away"""
    lab.open("02_encoder_and_decoder.ipynb")
    lab.run_all()
    explorer = explorer_with(lab, "as MNIST would store it")
    before = pixels(explorer)
    box = explorer.locator("canvas").bounding_box()
    mouse = lab.page.mouse
    mouse.move(box["x"] + 70, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 150, box["y"] + 60, steps=8)
    mouse.move(box["x"] + 100, box["y"] + 170, steps=12)
    mouse.up()
    wait_for_caption(lab, explorer, r"MSE 0\.\d+")
    drawn = pixels(explorer)
    assert drawn != before
    lab.shoot("drawing_pad")
    explorer.locator("canvas").focus()
    for key in [" ", *["ArrowDown"] * 6, " "]:
        lab.page.keyboard.press(key)
    lab.page.wait_for_timeout(500)
    assert pixels(explorer) != drawn, "drawing by keyboard must change the picture too"
    explorer.get_by_text("clear the drawing").click()
    wait_for_caption(lab, explorer, "Draw a digit")
    assert lab.own_complaints() == []


def test_map_decodes_where_the_mouse_hovers(lab) -> None:
    """notebook 02: hovering over the map moves z and decodes another picture"""
    lab.open("02_encoder_and_decoder.ipynb")
    lab.run_all()
    explorer = explorer_with(lab, "z₁")
    before, words = pixels(explorer), caption(explorer)
    box = explorer.locator("[role=application]").bounding_box()
    lab.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.7 * box["height"])
    wait_for_caption(lab, explorer, r"z = \((?!" + re.escape(words.split("(")[1].split(",")[0]) + ")")
    assert pixels(explorer) != before
    lab.shoot("latent_map")
    assert lab.own_complaints() == []


def test_training_runs_live_and_stops(lab) -> None:
    """notebook 01: Train shows a falling loss while it runs, Stop ends it and keeps the network"""
    lab.open("01_compression.ipynb")
    lab.run_all()
    explorer = explorer_with(lab, "learning rate")
    before = pixels(explorer)
    explorer.get_by_role("button", name="Train").click()
    wait_for_caption(lab, explorer, "epoch 1")
    lab.shoot("training_explorer")
    explorer.get_by_role("button", name="Stop").click()
    wait_for_caption(lab, explorer, "Ended early by Stop")
    assert pixels(explorer) != before
    assert lab.own_complaints() == []


@pytest.mark.parametrize(
    "notebook", ["04_deep_and_stacked", "05_sparse", "06_denoising", "07_contractive", "08_variational"]
)
def test_each_family_answers_the_keyboard(lab, notebook: str) -> None:
    """notebooks 04 to 08: Run All, then an arrow key on the explorer's slider changes the picture and the caption"""
    lab.open(f"{notebook}.ipynb")
    lab.run_all()
    explorer = lab.page.locator(".aecourse:not(:has(.aecourse)):has(.noUi-handle)").first  # the innermost
    explorer.wait_for(state="attached", timeout=30_000)
    explorer.scroll_into_view_if_needed()
    explorer.locator(PICTURE).first.wait_for(timeout=30_000)
    before, words = pixels(explorer), caption(explorer)
    explorer.locator(".noUi-handle").first.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight", "ArrowRight"):  # from either end something moves
        lab.page.keyboard.press(key)
        lab.page.wait_for_timeout(300)
        if pixels(explorer) != before:
            break
    assert pixels(explorer) != before
    assert caption(explorer) != words
    lab.shoot(notebook)
    assert lab.own_complaints() == []
