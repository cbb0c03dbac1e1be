"""The demo board as `make demo` serves it: by keyboard from the first demo to the last, and nothing but the board."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from demo import serve_demo
from lab import SCREENSHOTS, Lab
from playwright.sync_api import Browser, Page

from aecourse.widgets.demos import DEMOS

pytestmark = pytest.mark.browser

SIZES = {"1280": (1280, 720), "1920": (1920, 1080)}
SHOWN = ".aecourse-stage > .aecourse[data-page='{}']"
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
NEXT_FRAMES = (
    "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """where the board is served"""
    with serve_demo(tmp_path_factory.mktemp("voila")) as url:
        yield url


def open_board(browser: Browser, address: str, size: str = "1280") -> tuple[Lab, list[str]]:
    """a fresh board on a screen of this size, its complaints, and all requests that left the machine"""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    heard, foreign = Lab(page, address), []
    page.on("request", lambda request: foreign.append(request.url) if leaves(request.url, address) else None)
    page.goto(address)
    wait_for_demo(page, 0)
    return heard, foreign


def leaves(url: str, address: str) -> bool:
    """whether a request goes elsewhere than to our server"""
    return not url.startswith((address, "data:", "blob:"))


def wait_for_demo(page: Page, number: int) -> None:
    """until the demo of this number, from 0, is on the screen in its final size"""
    page.wait_for_selector(SHOWN.format(number), timeout=60_000)
    page.wait_for_function("(n) => document.querySelector(n)?.offsetHeight", arg=SHOWN.format(number), timeout=60_000)
    page.wait_for_timeout(150)
    page.evaluate(NEXT_FRAMES)


def pictures(page: Page, number: int) -> str:
    """every picture and caption the explorer shows now"""
    return page.locator(SHOWN.format(number)).evaluate(
        "(n) => [...n.querySelectorAll('.aecourse-rows img')].filter(i => i.offsetHeight).map(i => i.src).join()"
    )


@pytest.mark.parametrize("size", SIZES)
def test_all_demos_by_keyboard_alone(browser: Browser, address: str, size: str) -> None:
    """Page Down through all demos: the question is there, all fits, an arrow key moves the picture, no complaint"""
    heard, foreign = open_board(browser, address, size)
    page, still = heard.page, []
    for number, demo in enumerate(DEMOS):
        if number:
            page.keyboard.press("PageDown")
            wait_for_demo(page, number)
        else:
            page.keyboard.press("1")
        assert page.locator("h1").inner_text() == f"{number + 1} / {len(DEMOS)} · {demo.title}"
        assert page.locator("h2").inner_text() == demo.question
        assert page.locator(".taught").inner_text() == f"taught in {demo.notebook}"
        assert page.evaluate(TOO_BIG, number) == [], demo.title
        assert page.evaluate(SMALLEST, number) >= SIZES[size][1] / 60, f"{demo.title}: too small for a projector"
        assert page.locator("h2").evaluate("(n) => n.offsetHeight < 1.5 * parseFloat(getComputedStyle(n).fontSize)")
        before = pictures(page, number)
        if number:  # Page Down puts the focus on what is to be moved
            assert page.evaluate("document.activeElement.closest('.aecourse-stage') !== null"), demo.title
            keys = [" ", "ArrowDown", "ArrowDown", " "] if demo.title == "Your own digit" else ["ArrowRight"] * 2
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_timeout(400)
            still += [demo.title] if pictures(page, number) == before else []
        page.keyboard.press("a")
        assert page.locator(".answer").inner_text() == demo.answer
        page.evaluate(NEXT_FRAMES)
        assert page.evaluate(TOO_BIG, number) == [], f"{demo.title} with its answer"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"demo_{number + 1}_{size}.png")
    assert still == [], "a key moves every picture"
    assert heard.own_complaints() == []
    assert foreign == [], "the board works offline"
    page.close()


def test_presets_focus_and_jumps(browser: Browser, address: str) -> None:
    """Tab reaches the presets with a visible ring, Enter applies one; digits jump, but not while a number is typed"""
    heard, _ = open_board(browser, address)
    page = heard.page
    before = pictures(page, 0)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "k = 8":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.aecourse-caption').innerText.startsWith('k = 8:')")
    assert pictures(page, 0) != before
    box = page.locator(f"{SHOWN.format(0)} input[type=number]").first
    box.focus()
    box.press("ControlOrMeta+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.aecourse-caption').innerText.startsWith('k = 3:')")
    assert page.locator("h1").inner_text().startswith("1 /"), "a digit in a number box is a number"
    page.keyboard.press("PageUp")
    assert page.locator("h1").inner_text().startswith("1 /"), "there is no demo before the first"
    page.locator("nav button[aria-current]").focus()
    page.keyboard.press("5")
    wait_for_demo(page, 4)
    page.keyboard.press("o")
    assert page.locator("dialog .cards button").count() == len(DEMOS)
    page.locator("dialog .cards button").nth(0).press("Enter")
    wait_for_demo(page, 0)
    assert page.locator("nav button[aria-current]").inner_text() == "1"
    assert heard.own_complaints() == []
    page.close()


def test_the_pen_draws_where_it_is(browser: Browser, address: str) -> None:
    """a stroke across the enlarged pad lies under the mouse, and survives turning the page"""
    heard, _ = open_board(browser, address)
    page = heard.page
    page.keyboard.press("3")
    wait_for_demo(page, 2)
    box = page.locator(f"{SHOWN.format(2)} canvas").bounding_box()
    assert box["width"] > 260, "the pad is enlarged"
    spots = [(0.25, 0.2), (0.75, 0.2), (0.75, 0.8)]
    page.mouse.move(box["x"] + spots[0][0] * box["width"], box["y"] + spots[0][1] * box["height"])
    page.mouse.down()
    for across, along in spots[1:]:
        page.mouse.move(box["x"] + across * box["width"], box["y"] + along * box["height"], steps=12)
    page.mouse.up()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.aecourse-caption')].some(n => /MSE 0\\.\\d+/.test(n.innerText))"
    )
    red = """(n, spots) => { const c = n.getContext('2d');
      return spots.map(([x, y]) => c.getImageData(x * n.width, y * n.height, 1, 1).data[0]); }"""
    canvas = page.locator(f"{SHOWN.format(2)} canvas")
    on, off = [*spots, (0.5, 0.2), (0.75, 0.5)], [(0.25, 0.8), (0.5, 0.5), (0.9, 0.5), (0.5, 0.08)]
    assert canvas.evaluate(red, on) == [255] * len(on) and canvas.evaluate(red, off) == [0] * len(off)
    page.keyboard.press("4")
    wait_for_demo(page, 3)
    page.keyboard.press("3")
    wait_for_demo(page, 2)
    assert canvas.evaluate(red, on) == [255] * len(on), "the drawing is still there"
    assert heard.own_complaints() == []
    page.close()


def fetch(url: str) -> tuple[int, str]:
    """status and text of an answer"""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def test_no_source_is_on_the_page(address: str) -> None:
    """the page as sent holds neither the notebook's code nor its text, and names no other server to load from"""
    status, text = fetch(address)
    assert status == 200
    assert "from aecourse import" not in text and "presenter's clicker" not in text
    loaded = re.findall(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["']?((?:https?:)?//[^"'> ]+)""", text)
    assert loaded == []


@pytest.mark.parametrize(
    "path",
    [
        "voila/files/10_demo_board.ipynb",
        "voila/files/03_undercomplete_vs_pca.ipynb",
        "voila/files/../README.md",
        "voila/files/%2e%2e/README.md",
        "voila/files/..%2faecourse%2fassets%2fweights%2fnested.safetensors",
        "voila/files/../images/explorer.png",
        "voila/files//etc/passwd",
        "10_demo_board.ipynb",
        "03_undercomplete_vs_pca.ipynb",
        "voila/render/03_undercomplete_vs_pca.ipynb",
        "voila/tree",
        "voila/api/contents/03_undercomplete_vs_pca.ipynb",
        "api/contents/10_demo_board.ipynb",
        "voila/static/../../../../../../README.md",
    ],
)
def test_no_file_of_the_course_is_served(address: str, path: str) -> None:
    """whatever is asked for behind the board is refused"""
    status, text = fetch(address + path)
    assert status in (403, 404)
    assert "nbformat" not in text and "aecourse" not in text.replace("templates/aecourse", "")


def test_the_server_listens_to_this_machine_only(address: str) -> None:
    """the shipped configuration binds the loopback address"""
    from lab import CONFIG

    assert address.startswith("http://127.0.0.1:")
    assert 'c.Voila.ip = "127.0.0.1"' in (CONFIG.parent / "voila.py").read_text()
