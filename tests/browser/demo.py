"""Serve the demo board as `make demo` does, on a free loopback port, and look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser.lab import CONFIG, ROOT, Lab, free_port, running
from playwright.sync_api import Locator, Page

# Resolves once all pictures are there and everything the board shows has kept its place for ten frames.
AT_REST = """async (explorer) => {
  const frame = () => new Promise(requestAnimationFrame);
  const shown = () => [...document.querySelectorAll(`.aecourse-frame *, ${explorer}, ${explorer} *`)];
  const places = () => shown().map((node) => Object.values(node.getBoundingClientRect().toJSON())).join();
  const loaded = () => shown().every((node) => node.localName !== 'img' || node.complete);
  for (let still = 0, before; still < 10; ) {
    await frame();
    const now = places();
    still = now === before && loaded() ? still + 1 : 0;
    before = now;
  }
  return true;
}"""
PICTURES = """(explorer) => [...explorer.querySelectorAll('.aecourse-rows img')].filter((image) => image.offsetHeight)
    .map((image) => image.src).join()"""


@contextmanager
def serve_demo(home: Path) -> Iterator[str]:
    """Voilà with the shipped configuration; yields its address."""
    port = free_port()
    environment = {name: str(home) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    command = [
        "voila", "notebooks/10_demo_board.ipynb", "--no-browser", f"--port={port}",
        f"--Voila.config_file_paths={CONFIG.parent}", "--Voila.port_retries=0",
    ]  # fmt: skip
    first = f"http://127.0.0.1:{port}/voila/static/voila.js"
    with running(command, first, environment, log=home / "server.log", cwd=ROOT):
        yield f"http://127.0.0.1:{port}/"


class Board(Lab):
    """A page with the demo board; demos are numbered from 0.

    Attributes
    ----------
    foreign : the requests that left our server
    """

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page, url)
        self.foreign: list[str] = []
        page.on("request", lambda request: self._note(request.url))
        page.goto(url)
        self.wait_for(0)

    def _note(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(url)

    def explorer(self, number: int) -> Locator:
        """What a demo lets move."""
        return self.page.locator(_shown(number))

    def wait_for(self, number: int) -> None:
        """Until a demo is on the screen in its final size."""
        self.explorer(number).wait_for()
        self.settle(number)

    def settle(self, number: int) -> None:
        """Until nothing that a demo shows moves any more."""
        self.page.wait_for_function(AT_REST, arg=_shown(number))

    def turn_to(self, number: int) -> None:
        """Turn to a demo by its button."""
        self.page.locator("nav button[aria-label]").nth(number).click()
        self.wait_for(number)

    def pictures(self, number: int) -> str:
        """Every picture a demo shows now."""
        return self.explorer(number).evaluate(PICTURES)

    def wait_for_change(self, number: int, before: str) -> None:
        """Until a demo shows other pictures than `before`."""
        self.page.wait_for_function(
            f"([explorer, before]) => ({PICTURES})(document.querySelector(explorer)) !== before",
            arg=[_shown(number), before],
        )


def _shown(number: int) -> str:
    return f".aecourse-stage > .aecourse[data-page='{number}']"
