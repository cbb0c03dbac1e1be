"""What moving a control costs: the page's computation, and the way from key press to picture."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PRESSES = 120

# Resolves with the milliseconds from the next key press until the changed picture is in its canvas: the screen shows it
# with the browser's next frame.
NEXT_PICTURE = """
(explorer) => { window.nextPicture = new Promise((resolve) => {
  let pressed = null;
  window.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, { capture: true, once: true });
  const observer = new MutationObserver(() => {
    observer.disconnect();
    resolve(performance.now() - pressed);
  });
  const picture = explorer.querySelector('canvas.aecourse-mosaic');
  observer.observe(picture, { attributes: true, attributeFilter: ['aria-label'] }); // its words change with it
}); }
"""
TIME = """(states) => states.map((s) => {
  for (const name of s.bytes) s[name] = inBytes(s[name]);
  const start = performance.now();
  explorer.compute(s, data);
  return performance.now() - start;
})"""
STEPS = 100


def measure(executable: str) -> Iterator[tuple[str, list[float]]]:
    """Explorer, milliseconds of `compute` in Chromium for each move of a control, once all data have come."""
    from browser.lab import launch_browser
    from helpers.explorers import EXPLORERS, walk
    from helpers.parity import as_json, load

    from aecourse.explorers import BottleneckExplorer

    with launch_browser(executable) as chromium:
        page = chromium.new_page()
        bottleneck = BottleneckExplorer()
        load(page, bottleneck)
        states = [as_json(bottleneck.settings() | {"k": k}) for k in range(1, 65)]
        page.evaluate(TIME, states)
        yield "three rows of ten digits, k", page.evaluate(TIME, states)
        for name, build in EXPLORERS.items():
            if name != "training":  # the kernel computes that
                explorer = build()
                load(page, explorer)
                states = [as_json(state) for state in walk(explorer, STEPS)]
                page.evaluate(TIME, states)  # networks are unpacked now
                yield name, page.evaluate(TIME, states)


def measure_in_browser(executable: str) -> list[float]:
    """Milliseconds from pressing an arrow key on notebook 03's slider to the changed picture, press by press."""
    from browser.lab import Lab, launch_browser, serve

    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as url, launch_browser(executable) as chromium:
        lab = Lab(chromium.new_page(viewport={"width": 1400, "height": 950}), url)
        lab.open("03_undercomplete_vs_pca.ipynb")
        lab.run_explorers()
        times = _time_presses(lab.page, lab.show(lab.explorers["BottleneckExplorer"]))
        lab.close()
        return times


def measure_demo(executable: str) -> tuple[float, list[float], list[float]]:
    """`make demo`: seconds to the first picture, milliseconds to show each further demo, and from key to picture."""
    from browser.demo import serve_demo
    from browser.lab import launch_browser

    from aecourse.explorers.board.demos import DEMOS

    with launch_browser(executable) as chromium, tempfile.TemporaryDirectory() as home, serve_demo(Path(home)) as url:
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        started = time.perf_counter()
        page.goto(url)
        shown = ".aecourse-stage > [data-page='{}'] .aecourse"
        page.wait_for_selector(shown.format(0), timeout=120_000)
        first = time.perf_counter() - started
        presses = _time_presses(page, page.locator(shown.format(0)))
        turns = []
        for number in range(1, len(DEMOS)):
            page.wait_for_timeout(1_000)  # a class looks at a demo for longer; the next one is fetched meanwhile
            began = time.perf_counter()
            page.keyboard.press("PageDown")
            page.wait_for_selector(shown.format(number), timeout=60_000)
            turns.append((time.perf_counter() - began) * 1000)
        return first, turns, presses


def _time_presses(page, explorer) -> list[float]:
    """Milliseconds from pressing an arrow key on an explorer's first slider to the changed picture, press by press."""
    explorer.locator("input[type=range]").first.focus()
    times = []
    for press in range(PRESSES):
        explorer.evaluate(NEXT_PICTURE)
        page.keyboard.press("ArrowRight" if press // 30 % 2 == 0 else "ArrowLeft")
        times.append(page.evaluate("window.nextPicture"))
        page.wait_for_timeout(60)
    return times[10:]
