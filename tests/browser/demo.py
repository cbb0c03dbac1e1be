"""Serve the demo board as `make demo` does, on a free loopback port, and look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser.explorers import PICTURES
from browser.lab import ROOT, Lab, free_port, running
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


@contextmanager
def serve_demo(home: Path) -> Iterator[str]:
    """`aecourse demo`; yields the board's address. Its files are written if they are not there yet."""
    port = free_port()
    command = ["aecourse", "demo", "--no-browser", f"--port={port}", f"--to={ROOT / 'build' / 'site'}"]
    address = f"http://127.0.0.1:{port}/board.html"
    with running(command, address, {}, log=home / "server.log", cwd=ROOT):
        yield address


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
        if not url.startswith((self.url.rpartition("/")[0], "data:", "blob:")):
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

    def turn_to(self, number: int, *, ask: bool = True) -> None:
        """Turn to a demo by its card in the overview, and put its question anew, as if nobody had voted."""
        self.page.get_by_role("button", name="all demos").click()
        self.page.locator("dialog .cards button").nth(number).click()
        self.wait_for(number)
        if ask:
            self.page.keyboard.press("q")
            self.settle(number)

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
    return f".aecourse-stage > [data-page='{number}']"
