"""The course as a site: alone, under a sub-path, under its content policy, without a mouse, without scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from browser.axe import faults
from browser.explorers import caption, pixels, wait_for_caption
from browser.visits import Visit
from playwright.sync_api import Browser, expect

from aecourse.publisher.downloads import BRANCH, links
from aecourse.publisher.explorer_files import shown_explorers
from aecourse.publisher.site import main as write_site

pytestmark = pytest.mark.browser

SLOW = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}  # bytes a second
FIRST_PICTURE = 2.5  # seconds, from a server that does not compress
NARROW = """() => [...document.querySelectorAll('body *')].filter((node) => {
  const box = node.getBoundingClientRect();
  const scrolls = node.closest('pre, table, .formula, .sidebar-drawer, .toc-drawer, math, svg');
  return box.width && box.right > innerWidth + 1 && !scrolls;
}).map((node) => `${node.tagName}.${node.className} ${Math.round(node.getBoundingClientRect().right)}`).slice(0, 5)"""


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """A new visitor, with nothing kept from before."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    yield Visit(context.new_page(), address)
    context.close()


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """Every page that a reader may open."""
    found = sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))
    return [name for name in found if name not in ("board.html", "search.html") and not name.startswith("lectures/")]


def test_every_page_is_whole_and_alone(visit: Visit, pages: list[str]) -> None:
    """Nothing is missing, nothing comes from elsewhere, nothing breaks the content policy, all explorers load."""
    assert len(pages) >= 13
    for name in pages:
        page = visit.open(name)
        for element in page.locator("aecourse-explorer").all():
            element.scroll_into_view_if_needed()
            element.locator(".aecourse-caption").first.wait_for()
        assert page.locator("h1").count() == 1, name
    assert [wrong for wrong in visit.wrong if "favicon" not in wrong] == []


def test_the_first_thing_is_the_slider(visit: Visit) -> None:
    """It is there without scrolling, and the keyboard moves it."""
    page = visit.open("index.html")
    explorer = page.locator("aecourse-explorer").first
    wait_for_caption(explorer, "^k = 4:")
    assert explorer.bounding_box()["y"] < 300
    slider = explorer.get_by_label("numbers in the code, k").last
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    wait_for_caption(explorer, "^k = 10:")


def test_the_first_picture_comes_soon(browser: Browser, address: str) -> None:
    """Cold, at 10 Mbit/s and 40 ms, from a server that compresses nothing."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    page.add_init_script(
        """new MutationObserver((_, observer) => {
          if (!document.querySelector('.aecourse-mosaic')) return;
          observer.disconnect();
          requestAnimationFrame(() => { window.firstPicture = performance.now() / 1000; });
        }).observe(document, { subtree: true, childList: true });"""
    )
    page.goto(f"{address}/index.html")
    page.locator(".aecourse-caption").first.wait_for()
    page.wait_for_timeout(300)
    first = page.evaluate("window.firstPicture")
    context.close()
    print(f"first live picture after {first:.2f} s")
    assert first <= FIRST_PICTURE


def test_a_vote_shows_the_result(visit: Visit) -> None:
    """The result is folded until then, the verdict fits the vote, and the next visit remembers it."""
    page = visit.open("notebooks/03_undercomplete_vs_pca.html")
    vote = page.locator("fieldset.vote").first
    reveal = page.locator(f".reveal[data-name='{vote.get_attribute('data-name')}']")
    assert not reveal.is_visible()
    vote.locator("input").first.check()
    reveal.wait_for()
    assert "You predicted" in reveal.inner_text()
    page.reload()
    assert reveal.is_visible()
    assert vote.locator("input").first.is_checked()


def test_before_a_vote_its_section_tells_no_result(visit: Visit, pages: list[str]) -> None:
    """Neither the reveal nor a figure or a sentence behind it, up to the next vote; after the vote all is there."""
    behind = """(reveal) => {
      const found = [reveal], section = reveal.closest('section');
      const all = [...section.querySelectorAll('fieldset.vote, .reveal, .figure, p, li, pre')];
      for (const node of all.slice(all.indexOf(reveal) + 1)) {
        if (node.matches('.vote') || node.closest('section') !== section) break;
        if (!node.closest('.cell_input, details')) found.push(node);
      }
      return [found.length, found.filter((node) => node.checkVisibility()).length];
    }"""
    for name in (name for name in pages if name.startswith("notebooks/0")):
        page = visit.open(name)
        for reveal in page.locator(".reveal").all():
            vote = page.locator(f"fieldset.vote[data-name='{reveal.get_attribute('data-name')}'] input").first
            assert reveal.evaluate(behind)[1] == 0, f"{name}: {reveal.get_attribute('data-name')}"
            vote.check()
            told, seen = reveal.evaluate(behind)
            assert told == seen > 0, f"{name}: {reveal.get_attribute('data-name')}"


def test_every_vote_has_its_result(visit: Visit, pages: list[str]) -> None:
    """And folding them never hides a question."""
    for name in (name for name in pages if name.startswith("notebooks/")):
        page = visit.open(name)
        asked = page.locator("fieldset.vote").evaluate_all("(all) => all.map((node) => node.dataset.name)")
        shown = page.locator(".reveal").evaluate_all("(all) => all.map((node) => node.dataset.name)")
        assert sorted(asked) == sorted(shown), name
        assert all(vote.is_visible() for vote in page.locator("fieldset.vote").all()), name


def test_a_network_trains_in_the_page(visit: Visit) -> None:
    """It learns, and it can be stopped."""
    page = visit.open("explorers.html")
    explorer = page.locator("aecourse-explorer[src*=training]")
    explorer.scroll_into_view_if_needed()
    wait_for_caption(explorer, "untrained")
    explorer.locator("button.primary").click()
    wait_for_caption(explorer, r"epoch [1-5]: training loss 0\.\d+, validation 0\.\d+")
    explorer.locator("button:not(.primary)").click()
    wait_for_caption(explorer, r"Ended early by Stop|epoch 5")
    losses = caption(explorer)
    assert 0.01 < float(losses.split("validation ")[1].split(".")[0] + "." + losses.split("validation 0.")[1][:4]) < 0.1


def test_matchsticks_train_in_the_page(visit: Visit) -> None:
    """The smallest network, from another start for another seed; it says how many digits come back."""
    page = visit.open("explorers.html")
    explorer, starts = page.locator("aecourse-explorer[src*=matchsticks]"), []
    explorer.scroll_into_view_if_needed()
    wait_for_caption(explorer, "^An untrained network, 7 → 3 → 7")
    for seed in ("1", "2"):
        explorer.get_by_role("spinbutton", name="seed").fill(seed)
        explorer.get_by_role("spinbutton", name="seed").press("Enter")
        starts.append(pixels(explorer))
    assert starts[0] != starts[1]
    explorer.locator("button.primary").click()
    wait_for_caption(explorer, r"epoch 20: training loss 0\.\d+\. (8|9|10) of the 10 digits come back whole\.$")


def test_the_bottleneck_is_trained_where_it_stands(visit: Visit) -> None:
    """Its panel opens with the slider's k, trains in the page, and folds away."""
    page = visit.open("explorers.html")
    explorer = page.locator("aecourse-explorer[src*=bottleneck]")
    explorer.scroll_into_view_if_needed()
    explorer.get_by_role("button", name="train it yourself").click()
    words = explorer.locator(".aecourse-panel .aecourse-caption")
    expect(words).to_contain_text("An untrained network, 784 → 64 → 8 → 64 → 784")
    explorer.get_by_role("button", name="Train", exact=False).last.click()
    expect(words).to_contain_text("epoch 1: training loss 0.")
    explorer.get_by_role("button", name="train it yourself").click()
    expect(words).to_have_count(0)
    assert [wrong for wrong in visit.wrong if "favicon" not in wrong] == []


@pytest.mark.parametrize("width", [390, 911, 1366])
def test_nothing_is_cut(browser: Browser, address: str, pages: list[str], width: int) -> None:
    """On a phone and on laptops: no sideways scroll, and nothing reaches out of the page but what scrolls by itself."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    page, found = context.new_page(), {}
    for name in pages:
        page.goto(f"{address}/{name}", wait_until="load")
        for element in page.locator("aecourse-explorer").all():
            element.scroll_into_view_if_needed()
            element.locator(".aecourse-caption").first.wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth")
        found[name] = ([wide] if wide > width else []) + page.evaluate(NARROW)
    context.close()
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, address: str, scheme: str) -> None:
    """The start page, a lesson and all explorers, light and dark."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme, bypass_csp=True)
    page, found = context.new_page(), {}
    for name in ("index.html", "notebooks/03_undercomplete_vs_pca.html", "explorers.html", "guide/trouble.html"):
        page.goto(f"{address}/{name}", wait_until="load")
        for element in page.locator("aecourse-explorer").all():
            element.scroll_into_view_if_needed()
            element.locator(".aecourse-caption").first.wait_for()
        found[name] = faults(page, "article")
    context.close()
    assert {name: what for name, what in found.items() if what} == {}


def test_without_scripts_it_is_a_text_with_pictures(browser: Browser, address: str) -> None:
    """Still pictures in place of explorers, and all results."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/index.html")
    assert page.locator("aecourse-explorer img").is_visible()
    page.goto(f"{address}/notebooks/03_undercomplete_vs_pca.html")
    assert page.locator(".reveal").first.is_visible()
    assert page.locator("aecourse-explorer img").last.get_attribute("src").endswith(".webp")
    context.close()


def test_every_page_offers_its_notebook(site: Path, pages: list[str]) -> None:
    """Untouched: no cell was run."""
    for name in (name for name in pages if name.startswith("notebooks/")):
        notebook = json.loads((site / name).with_suffix(".ipynb").read_text("utf-8"))
        assert f'href="{Path(name).stem}.ipynb" download' in (site / name).read_text("utf-8")
        assert all(not cell.get("outputs") for cell in notebook["cells"])


def test_colab_finds_each_notebook_in_what_is_published(site: Path) -> None:
    """Where a repository is named, the folder of the site is its branch; GitHub is to leave out no part of it."""
    for page in (site / "notebooks").glob("*.html"):
        address = re.findall('href="([^"]*)"', links(page.stem, "owner/name"))[1]
        path = address.removeprefix(f"https://colab.research.google.com/github/owner/name/blob/{BRANCH}/")
        assert nbformat.read(site / path, as_version=4).cells
    assert (site / ".nojekyll").exists()


def test_its_size(site: Path) -> None:
    """What a host keeps, and what the first page needs."""
    total = sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) / 1e6
    assert total <= 35, f"{total:.1f} MB"  # of which thirty networks in bytes have 20
    for name in shown_explorers():
        state = json.loads((site / "explorers" / name / "state.json").read_text("utf-8"))
        first = sum((site / "explorers" / name / state["files"][asset]).stat().st_size for asset in state["assets"])
        assert first < 1.2e6, f"{name}: {first / 1e6:.2f} MB before the first picture"


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """A folder without the sources."""
    with pytest.raises(ValueError, match="root"):
        write_site(["--root", str(tmp_path), "--to", str(tmp_path / "site")])
