"""For who uses no mouse or hears the page: axe finds no fault, and the keyboard reaches everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from demo import serve_demo
from gallery import NAMES, open_gallery, show
from lab import Lab
from playwright.sync_api import Browser, Locator, Page

from aecourse.widgets.demos import DEMOS

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}  # the one rule axe leaves off
# what cannot change the picture by itself: settings of a training run to come, and buttons that only open something
SILENT = (
    "epochs",
    "learning rate",
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
  const box = node.getBoundingClientRect();
  const kind = node.matches('.noUi-handle') ? 'slider' : node.getAttribute('role') === 'application'
    ? node.localName === 'canvas' ? 'canvas' : 'pad' : node.isContentEditable ? 'readout' : node.localName;
  return { stop: node.dataset.stop, kind, name: name.trim(), top: box.top, left: box.left,
           ring: getComputedStyle(node).outlineStyle !== 'none' };
}"""
CONTROLS = """(explorer) => [...explorer.querySelectorAll(
    'button, input, select, [contenteditable=true], [tabindex]:not([tabindex="-1"])')].filter(
    (node) => !node.disabled && node.checkVisibility() && node.getBoundingClientRect().width).length"""
PICTURES = """(explorer) => [...explorer.querySelectorAll('img')].filter((node) => node.checkVisibility())
    .map((node) => node.src).join()"""
RUN_EXPLORERS = """async () => {
  const board = window.jupyterapp.shell.currentWidget.content;
  const code = [...board.widgets.keys()].filter((i) => board.widgets[i].model.type === 'code');
  const source = (i) => board.widgets[i].model.sharedModel.source;
  for (const index of [code[0], ...code.slice(1).filter((i) => /Explorer\\(/.test(source(i)))]) {
    board.deselectAll();
    board.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
  }
}"""
KEYS = {
    "slider": ("ArrowRight", "ArrowLeft"),
    "input": ("ArrowUp", "ArrowDown"),
    "select": ("ArrowDown", "ArrowUp"),
    "pad": ("ArrowRight", "ArrowDown"),
    "canvas": (" ", *["ArrowDown"] * 6, *["ArrowRight"] * 6, " "),
    "readout": ("Control+a", "1", "Enter"),
    "button": (" ",),
}
FAR = ("End", "Home")


@pytest.fixture(scope="module")
def gallery(browser: Browser, lab_url: str) -> Iterator[Lab]:
    """a page with every explorer on it"""
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    lab = Lab(context.new_page(), lab_url)
    open_gallery(lab)
    yield lab
    lab.close()


def faults(page: Page, within: str) -> list[str]:
    """what axe calls serious or critical inside the elements of a selector"""
    found = Axe().run(page, context=within, options=RULES).response["violations"]
    return [f"{v['id']}: {n['html'][:120]}" for v in found if v["impact"] in GRAVE for n in v["nodes"]]


@pytest.mark.parametrize("notebook", ["03_undercomplete_vs_pca", "08_variational"])
def test_axe_finds_nothing_in_a_notebook(lab: Lab, notebook: str) -> None:
    """two notebooks as learners meet them, with what unfolds unfolded"""
    lab.open(f"{notebook}.ipynb")
    lab.page.evaluate(RUN_EXPLORERS)
    explorer = lab.page.locator(".jp-OutputArea-output .aecourse").first
    explorer.locator(".aecourse-caption:visible").first.wait_for(timeout=60_000)
    for button in explorer.locator("button:visible", has_text=re.compile("draw your own|train it yourself")).all():
        button.click()
    explorer.locator(".noUi-handle:visible").nth(2).wait_for(timeout=30_000)
    assert faults(lab.page, ".aecourse") == []


def change_theme(lab: Lab, theme: str) -> None:
    """white or black paper"""
    lab.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    lab.page.wait_for_timeout(500)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_in_any_explorer(gallery: Lab, theme: str) -> None:
    """every explorer, on white and on black"""
    change_theme(gallery, theme)
    found = {}
    for place, name in enumerate(NAMES):
        show(gallery, place)
        found[name] = faults(gallery.page, f".jp-Cell[data-windowed-list-index='{place}'] .aecourse")
        gallery.shoot(f"{name}_{theme.split()[1].lower()}")
    change_theme(gallery, "JupyterLab Light")  # the server remembers it for the tests that follow
    assert {name: what for name, what in found.items() if what} == {}


def changes(lab: Lab, explorer: Locator, keys: tuple[str, ...]) -> bool:
    """whether one of two keys, or a longer sequence of them, changes a picture within two seconds"""
    before = explorer.evaluate(PICTURES)
    for number, key in enumerate(keys, 1):
        lab.page.keyboard.press(key)
        for _ in range(40 if number == len(keys) or len(keys) == 2 else 1):
            if explorer.evaluate(PICTURES) != before:
                return True
            lab.page.wait_for_timeout(50)
    return False


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_does_everything(gallery: Lab, name: str) -> None:
    """Tab comes to every control in reading order, shows where it is, and leaves again; keys change the picture"""
    explorer, mode = show(gallery, NAMES.index(name)), name.partition(" ")[2]
    explorer.evaluate("(node) => node.classList.add('aecourse-under-test')")
    try:
        explorer.evaluate("(node) => node.querySelector('button, input, select, [tabindex=\"0\"]').focus()")
        gallery.page.keyboard.press("Shift+Tab")  # to what stands before it
        stops = []
        for _ in range(80):
            gallery.page.keyboard.press("Tab")
            stop = gallery.page.evaluate(DESCRIBE)
            if stop is None:
                break
            stops.append(stop)
        assert stop is None, "Tab never left the explorer"
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
            far = stop["kind"] == "slider"  # a small step of a number that is asleep changes no pixel
            if not changes(gallery, explorer, KEYS[stop["kind"]]) and not (far and changes(gallery, explorer, FAR)):
                dead.append(stop["name"])
        assert dead == []
    finally:
        explorer.evaluate("(node) => node.classList.remove('aecourse-under-test')")


def test_the_caption_is_spoken_once_the_picture_rests(gallery: Lab) -> None:
    """what screen readers are told after a move is the caption, and nothing before anything moved"""
    explorer = show(gallery, NAMES.index("StackExplorer"))
    told = explorer.locator(".aecourse-manners [role=status]").first
    caption = explorer.locator(".aecourse-caption").first
    explorer.locator(".noUi-handle").first.focus()
    for key in ("End", "Home"):
        before = caption.text_content()
        gallery.page.keyboard.press(key)
        gallery.page.wait_for_timeout(2000)
        assert caption.text_content() != before
        assert told.text_content() == caption.text_content()


def test_axe_finds_nothing_on_the_demo_board(browser: Browser, tmp_path: Path) -> None:
    """every page of the board, as Voilà serves it"""
    with serve_demo(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.locator(".aecourse-board").wait_for(timeout=90_000)
        page.locator(".aecourse-stage img").first.wait_for(timeout=60_000)
        found = {}
        for number in range(1, len(DEMOS) + 1):
            page.get_by_text(f"{number} / {len(DEMOS)} ·").wait_for(timeout=60_000)
            page.locator(".aecourse-stage img:visible").first.wait_for(timeout=30_000)
            page.wait_for_timeout(1000)  # a page built only now gets its names
            found[number] = faults(page, ".aecourse-board")
            page.keyboard.press("PageDown")
        page.close()
    assert {number: what for number, what in found.items() if what} == {}
