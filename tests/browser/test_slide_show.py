"""Slides in a real browser: offline from a folder, nothing cut off, and live in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.explorers import SLIDER, caption, pixels
from browser.lab import PATIENCE, ROOT, SCREENSHOTS, Lab
from playwright.sync_api import Browser, Page, expect

from aecourse.classroom.notebook_files import find_notebooks
from aecourse.classroom.slides import export_all

pytestmark = pytest.mark.browser

NAMES = ("02", "03")  # the longest code, and the most formulas
SMALLEST = {"prose": 20, "code": 14.9}  # px on a screen 720 high
# what reaches beyond its slide, and the smallest types on it
MEASURE = """() => {
  const slide = Reveal.getCurrentSlide(), edge = slide.getBoundingClientRect(), scale = Reveal.getScale();
  const there = [...slide.querySelectorAll('*')].filter(e => !e.closest('aside, mjx-assistive-mml, svg'));
  const boxes = there.map(e => [e, e.getBoundingClientRect()]).filter(([e, b]) => b.width > 1 && b.height > 1);
  const beyond = (b) => b.bottom > edge.bottom + 1 || b.right > edge.right + 1 || b.left < edge.left - 1;
  const out = boxes.filter(([e, b]) => beyond(b));
  const size = (e) => parseFloat(getComputedStyle(e).fontSize);
  return {
    out: [...out.map(([e]) => e.outerHTML.slice(0, 80)), ...(slide.style.overflowY ? ['scrolls'] : [])],
    fills: Math.abs(edge.width - innerWidth) < 2 && edge.bottom <= innerHeight + 1,
    prose: Math.min(...there.filter(e => e.matches('p, li') && !e.closest('.held')).map(size)),
    code: Math.min(...there.filter(e => e.matches('pre')).map(size)),
    pictures: there.filter(e => e.matches('img')).map(e => [e.naturalWidth, e.getBoundingClientRect().height / scale]),
  };
}"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two notebooks as slides."""
    return export_all(find_notebooks(ROOT / "notebooks", NAMES), tmp_path_factory.mktemp("slides"))


@pytest.fixture(params=[(1280, 720), (1920, 1080)], ids=lambda size: f"{size[0]}x{size[1]}")
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page without a network; every request that is not for a file is stopped and recorded in `page.foreign`."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.foreign, page.complaints = [], []
    context.route(lambda address: not address.startswith("file:"), lambda route: (_note(page, route), route.abort()))
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def _note(page: Page, route) -> None:
    if not route.request.url.startswith("data:"):
        page.foreign.append(route.request.url)


def begin(page: Page, deck: Path) -> None:
    """Open a deck from its folder."""
    page.goto(deck.as_uri())
    page.wait_for_selector("body[data-ready]")


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_every_slide_fits_and_needs_no_network(screen: Page, decks: list[Path], number: int) -> None:
    """Through the whole deck by the space bar: nothing cut off, type readable, figures large, nothing fetched."""
    begin(screen, decks[number])
    faults, places = [], set()
    for _ in range(300):
        where = screen.evaluate("JSON.stringify(Reveal.getIndices())")
        found = screen.evaluate(MEASURE)
        small = [kind for kind, least in SMALLEST.items() if found[kind] is not None and found[kind] < least]
        missing = [p for p in found["pictures"] if p[0] == 0 or p[1] < 60]
        faults += [(where, found)] if found["out"] or small or missing or not found["fills"] else []
        places.add(where)
        if screen.evaluate("Reveal.isLastSlide() && !Reveal.availableFragments().next"):
            break
        screen.keyboard.press("Space")
    assert faults == []
    assert len(places) >= screen.evaluate("Reveal.getTotalSlides()") > 30
    assert screen.locator("mjx-container").count() > 5 and screen.locator("mjx-merror").count() == 0
    assert screen.foreign == [] and screen.complaints == []


def test_arrow_keys_and_speaker_notes(screen: Page, decks: list[Path]) -> None:
    """→ changes the chapter, ↓ the slide; S opens the speaker's view with the notes of this slide."""
    begin(screen, decks[1])
    screen.keyboard.press("ArrowRight")
    assert screen.evaluate("Reveal.getIndices().h") == 1
    screen.keyboard.press("ArrowDown")
    assert screen.evaluate("Reveal.getIndices().v") == 1
    while not screen.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes')"):
        screen.keyboard.press("Space")
    words = screen.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes').textContent.trim().slice(0, 30)")
    with screen.context.expect_page() as opened:
        screen.keyboard.press("s")
    speaker = opened.value
    speaker.wait_for_function("text => document.body.innerText.includes(text)", arg=words)
    speaker.frame_locator("#current-slide iframe").locator(".reveal.ready").wait_for()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    speaker.screenshot(path=SCREENSHOTS / "speaker_view.png")
    assert screen.foreign == []


def test_jupyterlab_presents_with_a_live_slider(lab: Lab) -> None:
    """Notebook 03 in deck mode: only the slide is seen, and an arrow key on the slider changes the picture."""
    lab.page.set_viewport_size({"width": 1280, "height": 720})
    lab.open("03_undercomplete_vs_pca.ipynb")
    lab.run_explorers()
    lab.page.evaluate("window.jupyterapp.commands.execute('deck:start')")
    explorer = lab.page.locator(".aecourse:has(.aecourse-mosaic)").first
    explorer.wait_for()
    expect(lab.page.locator(".jp-MarkdownCell:visible")).to_have_count(0)  # the other cells are off the stage
    before, words = pixels(explorer), caption(explorer)
    explorer.locator(SLIDER).first.focus()
    lab.page.keyboard.press("ArrowRight")
    lab.settle()
    assert caption(explorer) != words
    assert pixels(explorer) != before
    assert explorer.bounding_box()["y"] >= 0
    lab.shoot("presented_live")
    assert lab.own_complaints() == []
