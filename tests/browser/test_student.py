"""What a student does who clicks, runs again, refreshes, loses the kernel, and comes back the next day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.axe import faults
from browser.explorers import SLIDER, answers, caption, pixels, wait_for_caption
from browser.lab import KERNEL, KERNEL_IS_IDLE, LISTEN, SCREENSHOTS, Lab, free_port, serve
from playwright.sync_api import Browser, Locator, expect

pytestmark = pytest.mark.browser

NOTEBOOK = "00_start_here"
ASLEEP = "Run this cell to use it."
# The places of the cells whose source holds a text.
PLACES = """(text) => [...window.jupyterapp.shell.currentWidget.content.widgets.keys()].filter((i) =>
  window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.source.includes(text))"""
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
COUNT = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.executionCount"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The student's folder."""
    return tmp_path


@pytest.fixture
def day(home: Path, browser: Browser) -> Iterator[Lab]:
    """A day with the course: a server and a page that are gone in the evening."""
    with a_day(home, browser) as lab:
        yield lab


class a_day:  # noqa: N801  (used like a function)
    """A server on the student's folder and one page; both end with the block."""

    def __init__(self, home: Path, browser: Browser) -> None:
        self.server, self.browser = serve(home), browser

    def __enter__(self) -> Lab:
        url = self.server.__enter__()
        self.context = self.browser.new_context(viewport={"width": 1366, "height": 800})
        return Lab(self.context.new_page(), url)

    def __exit__(self, *error: object) -> None:
        self.context.close()
        self.server.__exit__(*error)


def cell_with(lab: Lab, text: str) -> int:
    """The place of the first cell that holds a text."""
    return lab.page.evaluate(PLACES, text)[0]


def output(lab: Lab, place: int) -> Locator:
    """The output of one cell, scrolled into view."""
    lab.page.evaluate("(i) => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, 'center')", place)
    return lab.page.locator(f".jp-Cell[data-windowed-list-index='{place}'] .jp-OutputArea")


def test_a_vote_outlives_the_cell_the_page_and_the_day(home: Path, browser: Browser) -> None:
    """It comes back when the cell runs again, after a refresh, and the next morning; the first one counts."""
    with a_day(home, browser) as lab:
        lab.open(f"{NOTEBOOK}.ipynb")
        asks = cell_with(lab, "Prediction(")
        lab.run_cells([asks])
        first = output(lab, asks).get_by_role("radio").first
        first.check()
        expect(output(lab, asks).get_by_text("Noted.")).to_be_visible()
        lab.settle()
        lab.shoot("student_vote")
        assert faults(lab.page, ".aecourse-prediction") == []
        first.press("Shift+Enter")
        assert lab.page.evaluate(ACTIVE) == asks + 1
        assert lab.page.evaluate(COUNT, asks) == 2
        lab.run_cells([asks])
        expect(output(lab, asks).get_by_role("radio").first).to_be_checked()
        lab.save()
        lab.reload()
        expect(output(lab, asks).get_by_role("radio").first).to_be_checked()
        assert lab.own_complaints() == []
        lab.shoot("student_refreshed")
    with a_day(home, browser) as lab:
        lab.open(f"{NOTEBOOK}.ipynb")
        expect(output(lab, asks).get_by_text(ASLEEP)).to_be_visible()
        expect(output(lab, asks).get_by_role("radio").first).to_be_checked()
        lab.shoot("student_next_day")
        lab.run_cells([asks])
        expect(output(lab, asks).get_by_role("radio").first).to_be_checked()
        expect(output(lab, asks).get_by_text(ASLEEP)).to_have_count(0)
        assert lab.own_complaints() == []


def heard(lab: Lab) -> None:
    """Wait until Python has heard of a move, and the picture has rested."""
    lab.page.wait_for_timeout(1000)
    lab.settle()


def weight_of_explorers(home: Path, place: int) -> int:
    """By how many bytes a saved notebook is larger than without its explorers and the output of one's cell."""
    content = json.loads(next(home.rglob(f"{NOTEBOOK}.ipynb")).read_text("utf-8"))
    whole = len(json.dumps(content))
    assert content["metadata"].pop("widgets")
    assert content["cells"][place].pop("outputs")
    return whole - len(json.dumps(content))


def at_work(lab: Lab, notebook: str, kind: str) -> tuple[int, Locator]:
    """Open a notebook and run one explorer's cell; its place and the explorer."""
    lab.open(f"{notebook}.ipynb")
    place = lab.explorers[kind]
    lab.run_cells([place])
    explorer = lab.show(place)
    explorer.locator(SLIDER).first.wait_for()
    return place, explorer


def nothing_is_broken(lab: Lab, explorer: Locator) -> None:
    """No error, no broken chain, no complaint in the console."""
    expect(explorer.locator(".aecourse-error")).to_have_count(0)
    icons = explorer.evaluate(
        """(node) => [...document.querySelectorAll('.jupyter-widgets-disconnected')].map(
             (part) => getComputedStyle(part, '::before').content)"""
    )
    assert set(icons) <= {"none"}
    assert lab.own_complaints() == []


def read_dialog(lab: Lab) -> None:
    """Close the window in which JupyterLab says what has happened."""
    lab.page.locator(".jp-Dialog-footer button").last.click()
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)


def goes_on(lab: Lab, explorer: Locator) -> None:
    """Keys change picture and caption, as many as are pressed: none of it needs the kernel."""
    assert answers(explorer, 20)
    nothing_is_broken(lab, explorer)


def panel_sleeps(lab: Lab, explorer: Locator, name: str) -> None:
    """The panel that needs the kernel is gray with one sentence, and takes no keys."""
    panel = explorer.locator(".aecourse-panel")
    expect(explorer.locator(".aecourse-asleep-note")).to_have_count(1)
    expect(panel.locator(".aecourse-asleep-note")).to_have_count(1)
    panel.scroll_into_view_if_needed()
    lab.shoot(name)
    for control in panel.locator("button, input").all():
        control.evaluate("(node) => node.focus()")
        assert not control.evaluate("(node) => node === document.activeElement"), "what sleeps takes no keys"


def rests(lab: Lab, explorer: Locator, name: str) -> None:
    """One calm sentence and the last picture, no control that would do nothing."""
    expect(explorer.get_by_text(ASLEEP)).to_have_count(1)
    lab.shoot(name)
    assert explorer.inner_text().strip() == ASLEEP
    assert explorer.locator("img.aecourse-still").evaluate("(node) => node.decode().then(() => node.naturalWidth)") > 50
    assert explorer.locator("button, input, select, [tabindex]").count() == 0
    nothing_is_broken(lab, explorer)


def wakes(lab: Lab, place: int) -> None:
    """Running its cell makes it work again."""
    lab.page.wait_for_function(KERNEL_IS_IDLE)
    lab.page.evaluate(LISTEN)
    lab.run_cells([place])
    explorer = lab.show(place)
    expect(explorer.get_by_text(ASLEEP)).to_have_count(0)
    words = explorer.inner_text()
    explorer.locator(SLIDER).first.press("ArrowRight")
    lab.settle()
    assert explorer.inner_text() != words


EVENTS = {
    "restarted": f"() => {KERNEL}.restart()",
    "killed": f"""() => {KERNEL}.requestExecute(
        {{ code: 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)' }}).done.catch(() => {{}})""",
    "shut_down": "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()",
}


@pytest.mark.parametrize("event", EVENTS)
def test_an_explorer_without_its_kernel_goes_on(day: Lab, event: str) -> None:
    """Restarted, killed or shut down: only what needs the kernel sleeps or says so, until its cell runs again."""
    place, explorer = at_work(day, NOTEBOOK, "BottleneckExplorer")
    explorer.get_by_role("button", name="train it yourself").click()
    explorer.locator(".aecourse-panel").wait_for()
    day.page.evaluate(EVENTS[event])
    if event == "killed":
        read_dialog(day)
    panel_sleeps(day, explorer, f"student_{event}")
    expect(explorer.get_by_role("button", name="train it yourself")).to_be_disabled()
    goes_on(day, explorer)
    explorer.locator("select").first.select_option("one network per k")  # the kernel has these
    wait_for_caption(explorer, f"^Only the kernel can give this. {ASLEEP}$")
    explorer.locator("select").first.select_option("nested: one network, every k")
    wait_for_caption(explorer, "^k = ")
    nothing_is_broken(day, explorer)
    if event == "shut_down":
        day.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.startKernel()")
    wakes(day, place)
    assert day.own_complaints() == []


def test_a_restart_in_the_middle_of_a_training(day: Lab) -> None:
    """No button stays gray for ever: the panel sleeps, and its cell brings one that trains."""
    place, explorer = at_work(day, "01_compression", "TrainingExplorer")
    explorer.get_by_role("button", name="Train").click()
    expect(explorer.get_by_role("button", name="Stop")).to_be_enabled()
    day.page.evaluate(EVENTS["restarted"])
    panel_sleeps(day, explorer, "student_restart_while_training")
    wakes(day, place)
    expect(day.show(place).get_by_role("button", name="Train")).to_be_enabled()


def test_the_server_goes_away_and_comes_back(home: Path, browser: Browser) -> None:
    """Without it the explorer goes on; with a new one it shows what it showed, and its cell makes it work again."""
    port = free_port()
    with serve(home, port) as url:
        lab = Lab(browser.new_context(viewport={"width": 1366, "height": 800}).new_page(), url)
        place, explorer = at_work(lab, NOTEBOOK, "BottleneckExplorer")
        heard(lab)
        lab.save()
    expect(explorer.get_by_role("button", name="train it yourself")).to_be_disabled()
    read_dialog(lab)
    goes_on(lab, explorer)
    lab.shoot("student_server_gone")
    with serve(home, port):
        lab.reload()
        rests(lab, lab.show(place), "student_server_back")
        wakes(lab, place)
        lab.close()


def test_one_notebook_in_two_tabs(home: Path, browser: Browser) -> None:
    """Both show one vote and one slider; what runs again in one of them says so in the other."""
    with serve(home) as url:
        context = browser.new_context(viewport={"width": 1366, "height": 800})
        one, two = (Lab(context.new_page(), url) for _ in range(2))
        place, _ = at_work(one, NOTEBOOK, "BottleneckExplorer")
        asks = cell_with(one, "Prediction(")
        one.run_cells([asks])
        one.save()
        two.open(f"{NOTEBOOK}.ipynb")
        there = two.show(place)
        words = caption(there)
        one.show(place).locator(SLIDER).first.press("ArrowRight")
        expect(there.locator(".aecourse-caption")).not_to_have_text(words)
        output(one, asks).get_by_role("radio").nth(1).check()
        expect(output(two, asks).get_by_role("radio").nth(1)).to_be_checked()
        one.run_cells([place, asks])
        for gone in (asks, place):
            expect(output(two, gone).get_by_text("Python has closed this")).to_be_visible()
            expect(output(two, gone).locator("input, button")).to_have_count(0)
        two.shoot("student_two_tabs")
        expect(output(one, asks).get_by_role("radio").nth(1)).to_be_checked()
        assert one.own_complaints() == two.own_complaints() == []
        one.close()
        two.page.close()


def test_an_explorer_keeps_its_state(home: Path, browser: Browser) -> None:
    """Run again: its slider stands where it stood. Refreshed: at work. The next day: its last picture; small files."""
    with a_day(home, browser) as lab:
        place, explorer = at_work(lab, NOTEBOOK, "BottleneckExplorer")
        for _ in range(3):
            explorer.locator(SLIDER).first.press("ArrowRight")
        heard(lab)
        words = caption(explorer)
        assert words.startswith("k = 7")
        lab.run_cells([place])
        assert caption(lab.show(place)) == words
        lab.save()
        lab.reload()
        explorer = lab.show(place)
        explorer.locator(SLIDER).first.press("ArrowRight")
        assert caption(explorer).startswith("k = 8")
        picture = pixels(explorer)
        heard(lab)
        lab.save()
        assert lab.own_complaints() == []
    for _ in ("the next day", "and the day after"):
        assert weight_of_explorers(home, place) < 300_000
        with a_day(home, browser) as lab:
            lab.open(f"{NOTEBOOK}.ipynb")
            explorer = lab.show(place)
            rests(lab, explorer, "student_explorer_next_day")
            assert explorer.locator("img.aecourse-still").get_attribute("src") == picture
            lab.save()  # without a kernel that knows the explorer
            assert lab.own_complaints() == []


def test_a_trained_network_outlives_its_cell(day: Lab) -> None:
    """Run again, the panel still holds the network that was trained in it."""
    place, explorer = at_work(day, "01_compression", "TrainingExplorer")
    explorer.get_by_role("spinbutton", name="epochs").fill("1")
    explorer.get_by_role("spinbutton", name="epochs").press("Enter")
    explorer.get_by_role("button", name="Train").click()
    wait_for_caption(explorer, "Test MSE")
    words = caption(explorer)
    day.run_cells([place])
    expect(day.show(place).locator(".aecourse-caption")).to_have_text(words)


CODE_CELLS = """([first, last]) => [...window.jupyterapp.shell.currentWidget.content.widgets.entries()].filter(
  ([i, { model }]) => i >= first && i <= last && model.type === 'code' && model.sharedModel.source).map(([i]) => i)"""
SET_SOURCE = """([place, old, text]) => {
  const cell = window.jupyterapp.shell.currentWidget.content.widgets[place].model.sharedModel;
  cell.setSource(cell.source.replace(old, text));
  return cell.source.includes(text);
}"""
UGLY = """() => [...document.querySelectorAll('.jp-OutputArea-output')].map((node) => node.textContent).filter(
  (words) => /Error displaying widget|model not found|Loading widget|Traceback/.test(words))"""


def cells_between(lab: Lab, first: int, last: int) -> list[int]:
    """The places of the code cells from one place to another."""
    return lab.page.evaluate(CODE_CELLS, [first, last])


def rewrite(lab: Lab, old: str, new: str) -> int:
    """Change the code of the first cell that holds `old`; its place."""
    place = cell_with(lab, old)
    assert lab.page.evaluate(SET_SOURCE, [place, old, new])
    return place


def walk_through(lab: Lab) -> None:
    """Scroll past every cell, so that JupyterLab draws it."""
    for place in range(lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")):
        lab.page.evaluate("(i) => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", place)
    lab.page.wait_for_timeout(2000)


def test_a_student_from_the_first_click_to_the_report_and_the_next_morning(home: Path, browser: Browser) -> None:
    """Votes, an answer, a setting that spoils the training, the report, and no complaint on the next day."""
    with a_day(home, browser) as lab:
        lab.open(f"{NOTEBOOK}.ipynb")
        first, second = lab.page.evaluate(PLACES, "= Prediction(")
        assert lab.page.locator(".jp-OutputArea-output").count() == 0, "nothing is shown before it is run"
        rewrite(lab, "fewer_bytes = ...", "fewer_bytes = 12.25")
        lab.run_cells(cells_between(lab, 0, first))
        output(lab, first).get_by_role("radio").nth(2).check()
        rewrite(lab, "epochs=3, validation=valid.x", "epochs=1, lr=0.5, validation=valid.x")
        lab.run_cells(cells_between(lab, first + 1, second))
        output(lab, second).get_by_role("radio").nth(2).check()
        lab.settle()
        lab.run_cells(cells_between(lab, second + 1, 999))
        missed = cell_with(lab, 'claim("00.test_mse"')
        expect(output(lab, missed).get_by_text("What did you change?").first).to_be_visible()
        lab.shoot("student_changed_settings")
        output(lab, first + 4)
        lab.shoot("student_verdicts")
        lab.save()
        assert lab.own_complaints() == []
    command = [sys.executable, "-m", "aecourse", "report", "--to", "report.html"]
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    page.goto((home / "report.html").as_uri())
    page.screenshot(path=SCREENSHOTS / "student_report.png")
    words = page.inner_text("body")
    page.close()
    assert "gray noise, the same for every digit" in words
    assert "10 or more" in words
    assert "fewer_bytes = 12.25" in words
    assert "Changed settings" in words
    with a_day(home, browser) as lab:
        lab.open(f"{NOTEBOOK}.ipynb")
        walk_through(lab)
        assert lab.page.evaluate(UGLY) == []
        assert lab.own_complaints() == []
        expect(output(lab, first).get_by_role("radio").nth(2)).to_be_checked()
        lab.shoot("student_next_morning")


def test_the_first_slider_moves_within_a_quarter_of_a_minute(day: Lab) -> None:
    """Of the page's first paint, on two cores that nobody else uses: click the first gray cell, Shift+Enter, slide."""
    page = day.page
    page.goto(day.url.format("first", f"{NOTEBOOK}.ipynb"))
    page.wait_for_function(KERNEL_IS_IDLE)  # JupyterLab drops a run that is asked for before
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    explorer = page.locator(".jp-OutputArea-output .aecourse").first
    explorer.locator(SLIDER).first.wait_for()
    words = caption(explorer)
    explorer.locator(SLIDER).first.press("ArrowRight")
    expect(explorer.locator(".aecourse-caption")).not_to_have_text(words)
    since = page.evaluate("(performance.now() - performance.getEntriesByName('first-paint')[0].startTime) / 1000")
    day.shoot("student_first_minute")
    assert since <= 15 * max(1, os.getloadavg()[0] / 2), f"{since:.1f} s"
    assert day.own_complaints() == []
