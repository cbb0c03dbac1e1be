"""The demo board as `aecourse demo` serves it: it asks before it shows, by keyboard from the first demo to the last."""

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
from playwright.sync_api import Browser, expect

from aecourse.explorers.board.demos import DEMOS, Demo
from aecourse.publisher import serve

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
# Every text on the screen, also in boxes and menus: [its words, its size in pixels of the screen, whose it is].
TEXTS = """
() => {
  const board = document.querySelector('.aecourse-board'), found = [];
  const walk = document.createTreeWalker(board, NodeFilter.SHOW_TEXT);
  const size = (node) => parseFloat(getComputedStyle(node).fontSize) * scale(node.getScreenCTM?.());
  const scale = (matrix) => (matrix ? Math.hypot(matrix.c, matrix.d) : 1);
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest('.aecourse-unseen');
  const whose = (node) => node.closest('h2, .vote, .answer, .aecourse-caption')?.className ?? '';
  const add = (node, words) => words.trim() && found.push([words.trim(), size(node), whose(node)]);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (seen(node)) add(node, walk.currentNode.data);
  }
  for (const box of board.querySelectorAll('input:not([type=range]), select'))
    if (seen(box)) add(box, box.selectedOptions?.[0].text ?? (box.value || box.placeholder));
  return found;
}
"""
# How far, in pixels, the name of a row of pictures is from the middle of its row.
ASIDE = """
(page) => Math.max(0, ...[...document.querySelectorAll(`[data-page='${page}'] .aecourse-rows`)].flatMap((rows) => {
  const names = [...rows.querySelectorAll('.aecourse-names > span')];
  const box = rows.querySelector('canvas').getBoundingClientRect();
  return names.map((name, i) => {
    const { top, bottom } = name.getBoundingClientRect();
    return Math.abs((top + bottom) / 2 - box.top - (box.height * (i + 0.5)) / names.length);
  });
}))
"""
NUMBER = r"(?<![\w.])\d*\.?\d+(?:,\d{3})*"


def numbers(text: str) -> set[float]:
    """The numbers in a text."""
    return {float(number.replace(",", "")) for number in re.findall(NUMBER, text)}


def told(demo: Demo) -> set[float]:
    """The numbers of a demo's answer that neither its question nor its votes have named."""
    return numbers(demo.answer) - numbers(" ".join([demo.question, *demo.votes]))


def on_the_screen(board: Board) -> list[tuple[str, float, str]]:
    """Every text that can be read: its words, its size, and its class if it is a vote, an answer or a caption."""
    return [tuple(text) for text in board.page.evaluate(TEXTS)]


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
    """The board that all tests share, on a small screen, with the first demo's question up."""
    open_board.page.set_viewport_size({"width": 1280, "height": 720})
    open_board.turn_to(0)
    return open_board


@pytest.mark.parametrize("size", SIZES)
def test_all_demos_by_keyboard_alone(open_board: Board, size: str) -> None:
    """Page Down through all demos: question, vote, demo, answer; each fits, is large enough, and is moved by arrows."""
    board, page = open_board, open_board.page
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    board.turn_to(0)
    for number, demo in enumerate(DEMOS):
        if number:
            page.keyboard.press("PageDown")
            board.wait_for(number)
        assert page.locator("h1").inner_text() == f"{number + 1} / {len(DEMOS)} · {demo.title}"
        assert page.locator("h2").inner_text() == demo.question
        assert page.locator(".taught").inner_text() == f"taught in {demo.notebook}"
        for state, press in {"asks": "q", "shows": "1", "answers": "a"}.items():
            page.keyboard.press(press)
            board.settle(number)
            assert page.evaluate(TOO_BIG, number) == [], f"{demo.title} {state}"
            small = [text for text in on_the_screen(board) if text[1] < height / 45]
            assert small == [], f"{demo.title} {state}: too small for a projector"
            board.shoot(f"demo_{number + 1}_{state}_{size}")
            if state == "shows":
                assert page.evaluate(ASIDE, number) < height / 180, f"{demo.title}: a name beside another row"
                move_something(board, number)
        assert page.locator(".answer").inner_text() == demo.answer
        prose = {kind: letters for words, letters, kind in on_the_screen(board) if len(words) > 30}
        assert max(prose, key=prose.get) == "answer", f"{demo.title}: something outshouts the answer"
    assert board.own_complaints() == []
    assert board.foreign == [], "the board works offline"


def move_something(board: Board, number: int) -> None:
    """After the vote the focus is on what is to be moved: a few keys change the picture, and others bring it back."""
    page, before = board.page, board.pictures(number)
    assert page.evaluate("document.activeElement.closest('.aecourse-stage') !== null"), DEMOS[number].title
    pen = DEMOS[number].title == "Your own digit"
    at_the_end = page.evaluate("document.activeElement.value === document.activeElement.max")
    keys = ["ArrowLeft", "ArrowRight"] if at_the_end else ["ArrowRight", "ArrowLeft"]
    for press in [" ", "ArrowDown", "ArrowDown", " "] if pen else keys[:1]:
        page.keyboard.press(press)
    board.wait_for_change(number, before)
    page.keyboard.press("Delete" if pen else keys[1])
    board.settle(number)


@pytest.mark.parametrize("number", range(len(DEMOS)), ids=[demo.title for demo in DEMOS])
def test_no_number_of_the_answer_is_there_before_the_vote(board: Board, number: int) -> None:
    """Question, votes and a picture are on the screen; no caption, chart, table or result; A brings all of them."""
    page, demo = board.page, DEMOS[number]
    board.turn_to(number)
    covered = board.explorer(number).locator(".aecourse-caption, .aecourse-curve, .aecourse-table, .aecourse-names")
    assert not any(each.is_visible() for each in covered.all())
    assert [each.inner_text() for each in page.locator(".vote button").all()] == [
        f"{nth}\u2004{vote}".replace("\u2004", "") for nth, vote in enumerate(demo.votes, 1)
    ]
    said = [words for words, _, kind in on_the_screen(board) if not kind.startswith("vote")]
    assert not told(demo) & numbers(" ".join(said)), said
    assert page.locator(".vote.right").count() == 0 and page.locator(".answer").inner_text() == ""
    canvas = board.explorer(number).locator(".aecourse-rows canvas")
    if demo.teaser.startswith("row"):
        shape = canvas.first.evaluate("(n) => getComputedStyle(n).getPropertyValue('--row-shape')")
        box = canvas.first.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(1.05 * float(shape), rel=0.02), "one row, not all"
        assert page.locator(".aecourse-stage").evaluate("(n) => n.inert"), "a screen reader finds it, too"
    else:
        assert not any(each.is_visible() for each in canvas.all()), "the decoded picture"
    page.keyboard.press("a")
    board.settle(number)
    said = [words for words, _, kind in on_the_screen(board) if not kind.startswith("vote")]
    assert told(demo) <= numbers(" ".join(said)), "this test would see them"
    assert page.locator(".vote.right b").inner_text() == str(demo.right)


def test_a_vote_opens_the_demo_and_the_tally_stays(board: Board) -> None:
    """By a digit, a click, or the hands typed and Enter; a later digit changes nothing; Q asks anew."""
    page, hands = board.page, lambda: [each.input_value() for each in page.locator(".vote input").all()]
    caption = board.explorer(0).locator(".aecourse-caption")
    page.keyboard.press("9")
    assert not caption.is_visible(), "there is no ninth vote"
    page.keyboard.press("3")
    caption.wait_for()
    page.keyboard.press("2")
    assert hands() == ["", "", "1", ""]
    page.keyboard.press("PageDown")
    board.wait_for(1)
    page.keyboard.press("q")
    page.locator(".vote button").nth(1).click()
    board.settle(1)
    page.keyboard.press("PageUp")
    board.wait_for(0)
    assert hands() == ["", "", "1", ""] and caption.is_visible(), "as it was left"
    page.keyboard.press("q")
    assert hands() == [""] * 4 and not caption.is_visible()
    for place, count in enumerate(("12", "-3", "6", "0")):
        page.locator(".vote input").nth(place).fill(count)
    assert page.locator(".vote input").nth(1).evaluate("(n) => n.matches(':invalid')")
    page.keyboard.press("Enter")
    caption.wait_for()
    shares = [
        float(each.evaluate("(n) => n.style.getPropertyValue('--share')")) for each in page.locator(".vote").all()
    ]
    assert shares == pytest.approx([12 / 18, 0, 6 / 18, 0])
    board.turn_to(0)
    page.get_by_role("button", name="show the demo").click()
    caption.wait_for()
    assert board.own_complaints() == []


@pytest.mark.parametrize("number", [n for n, demo in enumerate(DEMOS) if demo.holds], ids=lambda n: DEMOS[n].title)
def test_an_answer_is_told_only_where_it_holds(board: Board, number: int) -> None:
    """A menu that it depends on takes it away; A sets the menu back and tells it again; the preset set is marked."""
    page, demo, answer = board.page, DEMOS[number], board.page.locator(".answer")
    board.turn_to(number)
    page.keyboard.press("a")
    expect(answer).to_have_text(demo.answer)
    elsewhere = [
        name
        for name, preset in demo.presets.items()
        if any(preset.get(control, value) != value for control, value in demo.holds.items())
    ]
    if elsewhere:
        presets = page.locator(".presets")
        presets.get_by_role("button", name=elsewhere[-1], exact=True).click()
        expect(presets.get_by_role("button", pressed=True)).to_have_text([elsewhere[-1]])
    else:
        board.explorer(number).locator("select").first.select_option(index=1)
    expect(answer).to_have_text("")
    assert page.locator(".vote.right").count() == 0
    page.keyboard.press("a")
    expect(answer).to_have_text(demo.answer)


def test_axe_finds_nothing_on_any_demo(board: Board) -> None:
    """Every demo, with its question and with its answer."""
    found = {}
    for number, demo in enumerate(DEMOS):
        board.turn_to(number)
        found[demo.title] = faults(board.page, ".aecourse-board")
        board.page.keyboard.press("a")
        board.settle(number)
        found[f"{demo.title}, answered"] = faults(board.page, ".aecourse-board")
    assert {title: what for title, what in found.items() if what} == {}


def test_presets_focus_and_jumps(board: Board) -> None:
    """Tab reaches the presets with a visible ring, Enter applies one; digits jump in the overview, not in a box."""
    page = board.page
    page.keyboard.press("Enter")
    board.settle(0)
    before = board.pictures(0)
    page.locator("nav button").nth(1).focus()
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
    assert page.locator(".presets").get_by_role("button", pressed=True).count() == 0, "no preset is k = 3"
    page.keyboard.press("PageUp")
    assert page.locator("h1").inner_text().startswith("1 /"), "there is no demo before the first"
    page.locator("nav button").nth(1).focus()
    page.keyboard.press("o")
    assert page.locator("dialog .cards button").count() == len(DEMOS)
    page.keyboard.press("5")
    board.wait_for(4)
    page.keyboard.press("o")
    page.locator("dialog .cards button").nth(0).press("Enter")
    board.wait_for(0)
    assert board.own_complaints() == []


def test_the_pen_draws_where_it_is(board: Board) -> None:
    """A stroke drawn before the vote lies under the mouse, is restored after it, and survives turning the page."""
    page, explorer = board.page, board.explorer(2)
    board.turn_to(2)
    page.keyboard.press("Enter")
    explorer.get_by_text("clear the drawing").click()
    wait_for_caption(explorer, "Draw a digit")
    page.keyboard.press("q")
    board.settle(2)
    canvas = explorer.locator(".aecourse-ink canvas")
    box = canvas.bounding_box()
    assert box["width"] > 400, "the pad is enlarged"
    spots = [(0.25, 0.2), (0.75, 0.2), (0.75, 0.8)]
    page.mouse.move(box["x"] + spots[0][0] * box["width"], box["y"] + spots[0][1] * box["height"])
    page.mouse.down()
    for across, along in spots[1:]:
        page.mouse.move(box["x"] + across * box["width"], box["y"] + along * box["height"], steps=12)
    page.mouse.up()
    page.keyboard.press("Enter")
    wait_for_caption(explorer, r"MSE 0\.\d+")
    red = """(n, spots) => { const c = n.getContext('2d');
      return spots.map(([x, y]) => c.getImageData(x * n.width, y * n.height, 1, 1).data[0]); }"""
    on, off = [*spots, (0.5, 0.2), (0.75, 0.5)], [(0.25, 0.8), (0.5, 0.5), (0.9, 0.5), (0.5, 0.08)]
    assert canvas.evaluate(red, on) == [255] * len(on) and canvas.evaluate(red, off) == [0] * len(off)
    page.keyboard.press("PageDown")
    board.wait_for(3)
    page.keyboard.press("PageUp")
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
