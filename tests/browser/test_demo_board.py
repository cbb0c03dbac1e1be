"""The demo board as `make demo` serves it: by keyboard from the first demo to the last, and nothing but the board."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.axe import faults
from browser.demo import Board, serve_demo
from browser.explorers import wait_for_caption
from playwright.sync_api import Browser

from aecourse.classroom import serve
from aecourse.explorers.board.demos import DEMOS

pytestmark = pytest.mark.browser

SIZES = {"1920": (1920, 1080), "1280": (1280, 720)}
# What does not fit: the document scrolls, the stage is overfull, or something visible reaches beyond it.
TOO_BIG = """
(page) => {
  const root = document.documentElement, stage = document.querySelector('.aecourse-stage'), found = [];
  if (root.scrollWidth > root.clientWidth || root.scrollHeight > root.clientHeight) found.push('the document scrolls');
  for (const box of [root, document.querySelector('.aecourse-board')])
    if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) found.push(box.className);
  const room = stage.getBoundingClientRect();
  const here = `.aecourse-stage > [data-page='${page}'] *`;
  for (const node of document.querySelectorAll(`.aecourse-frame > * > *, ${here}`)) {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(node).visibility === 'hidden') continue;
    if (node.closest('.aecourse-unseen')) continue; // to be heard, not seen
    const inside = stage.contains(node) ? room : { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    const out = [inside.left - box.left, inside.top - box.top, box.right - inside.right, box.bottom - inside.bottom];
    if (Math.max(...out) > 2) found.push(`${node.tagName}.${node.className} ${out.map(Math.round)}`);
  }
  return found;
}
"""
# The smallest type of the explorer on the screen, in pixels of the screen (the curves are pictures of their own).
SMALLEST = """
(page) => {
  const explorer = document.querySelector('.aecourse-stage > [data-page="' + page + '"]');
  const scale = new DOMMatrix(getComputedStyle(explorer).transform).a;
  const texts = [...explorer.querySelectorAll('label, .aecourse-caption, .aecourse-names span')];
  const sizes = texts.filter(n => n.offsetHeight && n.innerText).map(n => parseFloat(getComputedStyle(n).fontSize));
  return scale * Math.min(...sizes);
}
"""


@pytest.fixture(scope="module")
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the board is served; its files are those of the site."""
    with serve_demo(tmp_path_factory.mktemp("demo")) as url:
        yield url


@pytest.fixture(scope="module")
def open_board(browser: Browser, address: str) -> Iterator[Board]:
    """The board on a large screen, with each demo built when it is first turned to."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    yield Board(page, address)
    page.close()


@pytest.fixture
def board(open_board: Board) -> Board:
    """The board that all tests share, on a small screen, with the first demo up."""
    open_board.page.set_viewport_size({"width": 1280, "height": 720})
    open_board.turn_to(0)
    return open_board


@pytest.mark.parametrize(("size", "key"), [("1920", "ArrowRight"), ("1280", "ArrowLeft")], ids=SIZES)
def test_all_demos_by_keyboard_alone(open_board: Board, size: str, key: str) -> None:
    """Page Down through all demos: the question is there, all fits, an arrow key moves the picture, no complaint."""
    board, page = open_board, open_board.page
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.keyboard.press("1")
    board.wait_for(0)
    for number, demo in enumerate(DEMOS):
        if number:
            page.keyboard.press("PageDown")
            board.wait_for(number)
        assert page.locator("h1").inner_text() == f"{number + 1} / {len(DEMOS)} · {demo.title}"
        assert page.locator("h2").inner_text() == demo.question
        assert page.locator(".taught").inner_text() == f"taught in {demo.notebook}"
        assert page.evaluate(TOO_BIG, number) == [], demo.title
        assert page.evaluate(SMALLEST, number) >= height / 60, f"{demo.title}: too small for a projector"
        assert page.locator("h2").evaluate("(n) => n.offsetHeight < 1.5 * parseFloat(getComputedStyle(n).fontSize)")
        before = board.pictures(number)
        if number:  # Page Down puts the focus on what is to be moved
            assert page.evaluate("document.activeElement.closest('.aecourse-stage') !== null"), demo.title
            for press in [" ", "ArrowDown", "ArrowDown", " "] if demo.title == "Your own digit" else [key] * 2:
                page.keyboard.press(press)
            board.wait_for_change(number, before)
        page.keyboard.press("a")
        assert page.locator(".answer").inner_text() == demo.answer
        board.settle(number)
        assert page.evaluate(TOO_BIG, number) == [], f"{demo.title} with its answer"
        board.shoot(f"demo_{number + 1}_{size}")
    assert board.own_complaints() == []
    assert board.foreign == [], "the board works offline"


def test_axe_finds_nothing_on_any_demo(board: Board) -> None:
    """Every demo, as `make demo` serves it."""
    found = {}
    for number, demo in enumerate(DEMOS):
        board.turn_to(number)
        found[demo.title] = faults(board.page, ".aecourse-board")
    assert {title: what for title, what in found.items() if what} == {}


def test_presets_focus_and_jumps(board: Board) -> None:
    """Tab reaches the presets with a visible ring, Enter applies one; digits jump, but not while a number is typed."""
    page = board.page
    before = board.pictures(0)
    page.locator("nav button").first.focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "k = 8":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    wait_for_caption(board.explorer(0), "^k = 8:")
    assert board.pictures(0) != before
    box = board.explorer(0).locator("input[type=number]").first
    box.focus()
    box.press("ControlOrMeta+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    wait_for_caption(board.explorer(0), "^k = 3:")
    assert page.locator("h1").inner_text().startswith("1 /"), "a digit in a number box is a number"
    page.keyboard.press("PageUp")
    assert page.locator("h1").inner_text().startswith("1 /"), "there is no demo before the first"
    page.locator("nav button[aria-current]").focus()
    page.keyboard.press("5")
    board.wait_for(4)
    page.keyboard.press("o")
    assert page.locator("dialog .cards button").count() == len(DEMOS)
    page.locator("dialog .cards button").nth(0).press("Enter")
    board.wait_for(0)
    assert page.locator("nav button[aria-current]").inner_text() == "1"
    assert board.own_complaints() == []


def test_the_pen_draws_where_it_is(board: Board) -> None:
    """A stroke across the enlarged pad lies under the mouse, and survives turning the page."""
    page, explorer = board.page, board.explorer(2)
    page.keyboard.press("3")
    board.wait_for(2)
    explorer.get_by_text("clear the drawing").click()
    wait_for_caption(explorer, "Draw a digit")
    canvas = explorer.locator(".aecourse-ink canvas")
    box = canvas.bounding_box()
    assert box["width"] > 260, "the pad is enlarged"
    spots = [(0.25, 0.2), (0.75, 0.2), (0.75, 0.8)]
    page.mouse.move(box["x"] + spots[0][0] * box["width"], box["y"] + spots[0][1] * box["height"])
    page.mouse.down()
    for across, along in spots[1:]:
        page.mouse.move(box["x"] + across * box["width"], box["y"] + along * box["height"], steps=12)
    page.mouse.up()
    wait_for_caption(explorer, r"MSE 0\.\d+")
    red = """(n, spots) => { const c = n.getContext('2d');
      return spots.map(([x, y]) => c.getImageData(x * n.width, y * n.height, 1, 1).data[0]); }"""
    on, off = [*spots, (0.5, 0.2), (0.75, 0.5)], [(0.25, 0.8), (0.5, 0.5), (0.9, 0.5), (0.5, 0.08)]
    assert canvas.evaluate(red, on) == [255] * len(on) and canvas.evaluate(red, off) == [0] * len(off)
    page.locator("nav button[aria-current]").focus()
    page.keyboard.press("4")
    board.wait_for(3)
    page.keyboard.press("3")
    board.wait_for(2)
    assert canvas.evaluate(red, on) == [255] * len(on), "the drawing is still there"
    assert board.own_complaints() == []


def fetch(url: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def test_the_page_loads_nothing_from_elsewhere(address: str) -> None:
    """The page as sent names no other server, and runs under a content policy without inline scripts."""
    status, text = fetch(address)
    assert status == 200
    assert re.findall(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["']?((?:https?:)?//[^"'> ]+)""", text) == []
    assert re.findall(r"<script(?![^>]*src=)", text) == []


@pytest.mark.parametrize("path", ["../README.md", "%2e%2e/%2e%2e/README.md", "..%2f..%2fREADME.md", "/etc/passwd"])
def test_no_other_file_is_served(address: str, path: str) -> None:
    """Whatever lies outside the folder of the site is refused."""
    status, text = fetch(address.rpartition("/")[0] + "/" + path)
    assert status == 404
    assert "aecourse" not in text


def test_the_server_listens_to_this_machine_only() -> None:
    """On the loopback address."""
    assert 'ThreadingHTTPServer(("127.0.0.1", ' in Path(serve.__file__).read_text("utf-8")
