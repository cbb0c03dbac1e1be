"""For who uses no mouse or hears the page: axe finds no fault, and the keyboard reaches everything."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from browser.axe import faults
from browser.explorers import SLIDER
from browser.gallery import NAMES, open_gallery
from browser.lab import Lab
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, expect

pytestmark = pytest.mark.browser

# what cannot change the picture by itself: settings of a training run to come, and buttons that only open something
SILENT = (
    "epochs",
    "learning rate",
    "seed",
    "Train",
    "train it yourself",
    "draw",
    "scribble",
    "clear",
    "a place on the map",
)
DESCRIBE = """() => {
  const node = document.activeElement, explorer = node?.closest('.aecourse-under-test');
  if (!explorer) return null;
  node.dataset.stop ??= String(explorer.stops = (explorer.stops ?? 0) + 1);
  const name = node.getAttribute('aria-label') || node.labels?.[0]?.textContent || node.textContent || node.title;
  const kind = node.getAttribute('role') === 'application' ? node.localName === 'canvas' ? 'canvas' : 'pad'
    : node.localName === 'input' ? node.type : node.localName;
  return { stop: node.dataset.stop, kind, name: name.trim(), ring: getComputedStyle(node).outlineStyle !== 'none' };
}"""
CONTROLS = """(explorer) => [...explorer.querySelectorAll(
    'button, input, select, [tabindex]:not([tabindex="-1"])')].filter(
    (node) => !node.disabled && node.checkVisibility() && node.getBoundingClientRect().width).length"""
# all that can be seen of pictures and charts, without the canvas that is drawn on: its ring tells nothing
PICTURES = """(explorer) => [...explorer.querySelectorAll('.aecourse-mosaic, img, svg')]
    .filter((node) => node.checkVisibility()).map((node) => node.src ?? node.toDataURL?.() ?? node.outerHTML).join()"""
KEYS = {
    "range": ("ArrowRight", "ArrowLeft"),
    "number": ("ArrowUp", "ArrowDown"),
    "checkbox": (" ",),
    "select": ("ArrowDown", "ArrowUp"),
    "pad": ("ArrowRight", "ArrowDown"),
    "canvas": (" ", *["ArrowDown"] * 6, *["ArrowRight"] * 6, " "),
    "button": (" ",),
}
FAR = ("End", "Home")


@pytest.fixture(scope="module")
def gallery(window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A page with every explorer on it."""
    lab = Lab(window.new_page(), lab_url)
    open_gallery(lab)
    yield lab
    lab.close()


def change_theme(lab: Lab, theme: str) -> None:
    """White or black paper."""
    lab.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    lab.settle()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_in_any_explorer(gallery: Lab, theme: str) -> None:
    """Every explorer, on white and on black."""
    change_theme(gallery, theme)
    found = {}
    for place, name in enumerate(NAMES):
        gallery.show(place)
        found[name] = faults(gallery.page, f".jp-Cell[data-windowed-list-index='{place}'] .aecourse")
        gallery.shoot(f"{name}_{theme.split()[1].lower()}")
    change_theme(gallery, "JupyterLab Light")  # the server remembers it for the tests that follow
    assert {name: what for name, what in found.items() if what} == {}


def test_a_figure_stands_on_the_ground_of_the_theme(gallery: Lab) -> None:
    """Paper and ink change with the theme, a picture does not."""
    last = "board.activeCellIndex = board.widgets.length - 1; board.scrollToItem(board.activeCellIndex, 'start')"
    grounds = {}
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        change_theme(gallery, theme)
        gallery.page.evaluate(f"() => {{ const board = window.jupyterapp.shell.currentWidget.content; {last}; }}")
        gallery.settle()  # explorers above come into view and grow, which moves the figure
        figure = gallery.page.locator(".jp-RenderedImage img")
        screen = Image.open(io.BytesIO(figure.screenshot())).convert("L")
        gallery.shoot(f"figure_{theme.split()[1].lower()}")
        middle = screen.getpixel((screen.width // 2, screen.height // 2))
        strip = screen.crop((0, 0, screen.width, 24))  # the title, on the ground
        grounds[theme] = (strip.getpixel((1, 1)), max(strip.tobytes()) - min(strip.tobytes()), middle)
    assert grounds["JupyterLab Light"][0] > 240 and grounds["JupyterLab Dark"][0] < 30
    assert all(contrast > 180 and middle < 10 for _, contrast, middle in grounds.values()), grounds


def changes(lab: Lab, explorer: Locator, keys: tuple[str, ...]) -> bool:
    """Whether one of two keys, or a longer sequence of them, changes a picture."""
    before = explorer.evaluate(PICTURES)
    for number, key in enumerate(keys, 1):
        lab.page.keyboard.press(key)
        if number == len(keys) or len(keys) == 2:
            lab.settle()
            if explorer.evaluate(PICTURES) != before:
                return True
    return False


def tabs_through(lab: Lab, explorer: Locator) -> list[dict]:
    """What Tab stops at on its way through an explorer."""
    lab.settle()
    explorer.evaluate("(node) => node.querySelector('button, input, select, [tabindex=\"0\"]').focus()")
    lab.page.keyboard.press("Shift+Tab")  # to what stands before it
    stops = []
    for _ in range(80):
        lab.page.keyboard.press("Tab")
        stop = lab.page.evaluate(DESCRIBE)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError("Tab never left the explorer")


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_does_everything(gallery: Lab, name: str) -> None:
    """Tab comes to every control in reading order, shows where it is, and leaves again; keys change the picture."""
    explorer, mode = gallery.show(NAMES.index(name)), name.partition(" ")[2]
    explorer.evaluate("(node) => node.classList.add('aecourse-under-test')")
    try:
        for _ in range(2):  # JupyterLab may still move the cell, which drops the focus
            stops = tabs_through(gallery, explorer)
            if len(stops) == explorer.evaluate(CONTROLS):
                break
        assert len({stop["stop"] for stop in stops}) == len(stops) == explorer.evaluate(CONTROLS)
        assert [stop for stop in stops if not stop["name"]] == [], "a control without a name"
        assert [stop["name"] for stop in stops if not stop["ring"]] == [], "focus that is not seen"
        dead = []
        turns = {"canvas": 0, "button": 2}  # first something to look at; last the modes, which hide what stands there
        for stop in sorted(stops, key=lambda stop: turns.get(stop["kind"], 1)):
            place = explorer.locator(f"[data-stop='{stop['stop']}']")
            silent = any(word in stop["name"] for word in SILENT) and stop["kind"] != "canvas"
            silent |= bool(mode) and stop["name"].startswith(mode)
            if silent or not place.is_visible() or not place.is_enabled():  # a mode may have hidden what stood there
                continue
            place.focus()
            far = stop["kind"] == "range"  # a small step of a number that is asleep changes no pixel
            if not changes(gallery, explorer, KEYS[stop["kind"]]) and not (far and changes(gallery, explorer, FAR)):
                dead.append(stop["name"])
        assert dead == []
    finally:
        explorer.evaluate("(node) => node.classList.remove('aecourse-under-test')")


def test_the_caption_is_spoken_once_the_picture_rests(gallery: Lab) -> None:
    """What screen readers are told after a move is the caption, and nothing before anything moved."""
    explorer = gallery.show(NAMES.index("StackExplorer"))
    told = explorer.locator(".aecourse-unseen[role=status]").first
    caption = explorer.locator(".aecourse-caption").first
    explorer.locator(SLIDER).first.focus()
    expect(told).to_have_text("")
    for key in ("End", "Home"):
        before = caption.text_content()
        gallery.page.keyboard.press(key)
        gallery.settle()
        words = caption.text_content()
        assert words != before
        expect(told).to_have_text(words)
        assert caption.text_content() == words


# What sticks out of an explorer or is cut off in it, and charts that are wider than every picture.
ODDITIES = """(explorer) => {
  const box = explorer.getBoundingClientRect(), size = (node) => node.getBoundingClientRect();
  const all = [...explorer.querySelectorAll('*')].filter((node) => node.checkVisibility() && size(node).width > 1);
  const widest = (kind) => Math.max(0, ...all.filter((node) => node.matches(kind)).map((node) => size(node).width));
  const odd = all.filter((node) => size(node).left < box.left - 2 || size(node).right > box.right + 2
    || (node.clientWidth && node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== 'visible'));
  const pictures = widest('.aecourse-rows, canvas'), charts = widest('svg.aecourse-curve');
  const words = (node) => `${node.className.baseVal ?? node.className}: ${node.textContent.slice(0, 40)}`;
  return [...odd.map(words), ...(charts > pictures && pictures ? [`a chart of ${charts}, pictures ${pictures}`] : [])];
}"""


# Presses what folds something open, and no mode: one of these is chosen.
OPEN = """(explorer) => explorer.querySelectorAll(':not([role=group]) > button[aria-pressed=false]')
    .forEach((button) => button.click())"""
TOGGLE_FILES = "() => window.jupyterapp.commands.execute('application:toggle-left-area')"


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [700, 911, 1366, 2200])  # 911 is also 1366 at a zoom of 150 %
def test_nothing_is_cut_with_everything_open(gallery: Lab, width: int, theme: str) -> None:
    """Pads and training panels open: no label is cut, nothing sticks out, no chart is larger than the pictures."""
    before, found = gallery.page.viewport_size, {}
    change_theme(gallery, theme)
    gallery.page.set_viewport_size({"width": width, "height": 950})
    if narrow := width < 800:  # no room for the list of files
        gallery.page.evaluate(TOGGLE_FILES)
    for place, name in enumerate(NAMES):
        explorer = gallery.show(place)
        explorer.evaluate(OPEN)
        gallery.settle()
        assert explorer.locator(".aecourse-trains[aria-pressed=false]").count() == 0
        found[name] = explorer.evaluate(ODDITIES)
        found[name] += faults(gallery.page, f".jp-Cell[data-windowed-list-index='{place}'] .aecourse")
        explorer.scroll_into_view_if_needed()
        gallery.shoot(f"open_{name}_{width}_{theme.split()[1].lower()}")
    if narrow:
        gallery.page.evaluate(TOGGLE_FILES)
    gallery.page.set_viewport_size(before)
    change_theme(gallery, "JupyterLab Light")
    assert {name: what for name, what in found.items() if what} == {}
