"""The lectures in a real browser: every slide fits and can be read, nothing is fetched, keys, votes, notes, print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.axe import faults
from browser.explorers import caption, wait_for_caption
from browser.lab import PATIENCE, SCREENSHOTS
from browser.visits import Visit
from helpers.paths import ROOT
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

LECTURES = sorted(path.stem for path in (ROOT / "docs" / "lectures").glob("*.md"))
MODEL = "03_undercomplete_vs_pca"
MOST_SLIDES, MOST_MINUTES, MOST_CODE = 25, 90, 12
SMALLEST = 18  # px on a screen 720 high
IN_FIGURES = 26.9  # px of a stored figure's smallest type: 11 points at 176 dots an inch (plotting.STYLE and SHARPNESS)
# on one slide: what reaches beyond it, the smallest type, also in pictures, pictures missing or small, lines of code
MEASURE = """async (inFigures) => {
  const slide = Reveal.getCurrentSlide(), edge = slide.getBoundingClientRect(), scale = Reveal.getScale();
  const there = [...slide.querySelectorAll('*')].filter((node) => !node.closest('aside') && node.checkVisibility());
  const boxes = there.map((node) => [node, node.getBoundingClientRect()]);
  const seen = boxes.filter(([, box]) => box.width > 1 && box.height > 1);
  const beyond = (box) => box.bottom > edge.bottom + 1 || box.right > edge.right + 1 || box.left < edge.left - 1;
  const says = (child) => child.nodeType === 3 && child.textContent.trim();
  const words = there.filter((node) => [...node.childNodes].some(says));
  const images = there.filter((node) => node.matches('img'));
  const lines = there.filter((node) => node.matches('pre')).map((node) => node.innerText.trim().split('\\n').length);
  const size = (node) => {
    const svg = node.closest('svg'), px = parseFloat(getComputedStyle(node).fontSize);
    if (svg) return px * svg.getBoundingClientRect().width / scale / svg.viewBox.baseVal.width;
    return px * (node.closest('aecourse-explorer')?.currentCSSZoom ?? 1);
  };
  const drawn = async ({ src }) => { // the smallest type of a picture, in its own pixels
    if (!src.endsWith('.svg')) return inFigures;
    const texts = (await (await fetch(src)).text()).matchAll(/<text[^>]*font-size="([^"]+)"/g);
    return Math.min(...[...texts].map(([, px]) => Number(px)));
  };
  const inPicture = async (image) => { // it is fitted into its box
    const { naturalWidth, naturalHeight, clientWidth, clientHeight } = image;
    return (await drawn(image)) * Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
  };
  const framed = images.filter((image) => !image.closest('aecourse-explorer'));
  return {
    out: seen.filter(([, box]) => beyond(box)).map(([node]) => node.outerHTML.slice(0, 80)),
    fills: Math.abs(edge.width - innerWidth) < 2 && edge.bottom <= innerHeight + 1,
    type: Math.min(...words.map(size), ...(await Promise.all(framed.map(inPicture)))),
    pictures: images.filter(({ naturalWidth, clientHeight, clientWidth }) =>
      !naturalWidth || (clientHeight < 150 && clientWidth < 800)).map((node) => node.src),
    code: Math.max(0, ...lines),
    notes: slide.querySelector('aside.notes')?.innerText ?? '',
  };
}"""
# functions, not expressions: the content policy lets nothing be evaluated
READY = "() => window.Reveal?.isReady()"
LOADED = "() => [...Reveal.getCurrentSlide().querySelectorAll('img')].every((image) => image.complete)"
MINUTES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@pytest.fixture(params=[(1280, 720), (1920, 1080)], ids=lambda size: f"{size[0]}x{size[1]}")
def screen(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    """A projector."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(1000 * PATIENCE)
    yield Visit(context.new_page(), address)
    context.close()


def begin(visit: Visit, lecture: str, slide: str = "") -> Page:
    """Open a lecture."""
    page = visit.open(f"lectures/{lecture}.html{slide}")
    page.wait_for_function(READY)
    return page


def headings(lecture: str) -> list[str]:
    """What begins a slide in the source."""
    text = (ROOT / "docs" / "lectures" / f"{lecture}.md").read_text("utf-8")
    return re.findall(r"^##? .+", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)  # code has comments


def to_explorer(page: Page) -> None:
    """Turn to the slide with the live explorer."""
    while not page.evaluate("Reveal.getCurrentSlide().querySelector('aecourse-explorer')"):
        page.keyboard.press("PageDown")
    page.locator("section.present section.present aecourse-explorer .aecourse").wait_for()


@pytest.mark.parametrize("lecture", LECTURES)
def test_every_slide_fits_and_can_be_read(screen: Visit, lecture: str) -> None:
    """Through the whole lecture, every step shown: nothing cut off or missing, nothing small, notes for the speaker."""
    page = begin(screen, lecture)
    faults, minutes = {}, 0
    for place in range(total := page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate("while (Reveal.availableFragments().next) Reveal.nextFragment();")
        if page.evaluate("Reveal.getCurrentSlide().querySelector('aecourse-explorer')"):
            to_explorer(page)
        page.wait_for_function(LOADED)
        found = page.evaluate(MEASURE, IN_FIGURES)
        said = re.match(r"(\w+) minutes?\b", found.pop("notes").strip())
        minutes += 1 + MINUTES.index(said[1].lower()) if said else 0
        large = round(found["type"], 1) >= SMALLEST and found["code"] <= MOST_CODE
        if found["out"] or found["pictures"] or not (found["fills"] and large and said):
            faults[place + 1] = found | {"minutes": bool(said)}
        page.evaluate("Reveal.next()")
    assert faults == {}
    assert total == len(headings(lecture)) <= MOST_SLIDES and 0 < minutes <= MOST_MINUTES
    assert screen.wrong == []


def test_keys_belong_to_the_slider_while_it_has_the_focus(screen: Visit) -> None:
    """Arrows move it and not the slides; Page Down, a clicker's key, turns the slide; Escape gives the keys back."""
    page = begin(screen, MODEL)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 1
    to_explorer(page)
    here = page.evaluate("Reveal.getIndices().h")
    explorer = page.locator("aecourse-explorer")
    wait_for_caption(explorer, "^k = 1:")
    explorer.get_by_label("numbers in the code, k").last.focus()
    page.keyboard.press("ArrowRight")
    wait_for_caption(explorer, "^k = 2:")
    explorer.get_by_label("network").focus()  # reveal.js itself would take the keys of a menu
    page.keyboard.press("ArrowDown")
    assert page.evaluate("Reveal.getIndices().h") == here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("Reveal.getIndices().h") == here - 1
    page.keyboard.press("ArrowRight")
    explorer.get_by_label("numbers in the code, k").last.focus()
    page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getIndices().h") == here + 1
    assert caption(explorer).startswith("k = 2:")
    assert screen.wrong == []


def test_a_vote_stays_until_the_result(screen: Visit) -> None:
    """The option is marked, by mouse or keyboard, and stands beside what was measured; another visit begins anew."""
    page = begin(screen, MODEL)
    while not page.evaluate("Reveal.getCurrentSlide().querySelector('.vote')"):
        page.keyboard.press("PageDown")
    vote, here = page.locator("section.present section.present .vote"), page.evaluate("Reveal.getIndices().h")
    assert all(option.bounding_box()["height"] >= 60 for option in vote.locator("label").all())
    vote.locator("label").first.click()
    page.keyboard.press("ArrowDown")  # to the second option
    assert vote.locator("input").nth(1).is_checked()
    assert page.evaluate("Reveal.getIndices().h") == here
    name, choice = vote.get_attribute("data-name"), vote.locator("input").nth(1).get_attribute("value")
    page.keyboard.press("PageDown")
    result = page.locator(f".measured[data-name='{name}']")
    while not result.is_visible():
        page.keyboard.press("PageDown")
    right = choice == result.get_attribute("data-measured")
    assert ("You predicted just that" if right else f"You predicted {choice}") in result.inner_text()
    again = screen.page.context.new_page()
    again.goto(page.url)
    assert again.locator(f".measured[data-name='{name}'] .verdict").inner_text() == ""


def test_the_speaker_sees_the_notes(screen: Visit) -> None:
    """S opens the speaker's view, under the content policy of the site."""
    page = begin(screen, MODEL)
    words = page.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes').textContent.trim().slice(0, 30)")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.wait_for_function("text => document.body.innerText.includes(text)", arg=words)
    speaker.frame_locator("#current-slide iframe").locator(".reveal.ready").wait_for()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    speaker.screenshot(path=SCREENSHOTS / "speaker_view.png")
    assert screen.wrong == []


def test_t_makes_it_dark_as_the_site_then_is(screen: Visit) -> None:
    """And light again."""
    page = begin(screen, MODEL)
    colours = []
    for _ in range(2):
        page.keyboard.press("t")
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(set(colours)) == 2
    expect(screen.open("index.html").locator("body")).to_have_attribute("data-theme", "light")


def test_it_prints_a_page_a_slide(browser: Browser, address: str, tmp_path: Path) -> None:
    """As docs/lectures.md says."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/lectures/{MODEL}.html?print-pdf")
    page.wait_for_function(READY)
    slides = page.locator(".pdf-page").count()
    file = tmp_path / "lecture.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    context.close()
    pages = len(re.findall(rb"/Type\s*/Page\b", file.read_bytes()))
    assert pages == slides == len(headings(MODEL))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, address: str, scheme: str) -> None:
    """On any slide of the model."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme=scheme, bypass_csp=True)
    page, found = begin(Visit(context.new_page(), address), MODEL), {}
    for place in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate("while (Reveal.availableFragments().next) Reveal.nextFragment();")
        found[place + 1] = faults(page, "section.present > section.present")
        page.evaluate("Reveal.next()")
    context.close()
    assert {place: what for place, what in found.items() if what} == {}
