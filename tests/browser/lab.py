"""Serve JupyterLab on a loopback port and look at it with headless Chromium; used by the tests and the benchmark."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "aecourse" / "assets" / "jupyter" / "jupyter_lab_config.py"
SCREENSHOTS = ROOT / "build" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = int(os.environ.get("AECOURSE_PATIENCE", 300))  # seconds to wait for anything: a shared machine can be slow
PYTHON = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
KERNEL_IS_IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
# {explorer: the place of its cell}
EXPLORERS = r"""() => {
  const found = window.jupyterapp.shell.currentWidget.content.widgets.map(({ model }) =>
    model.type === 'code' && /(\w+Explorer|DrawingPad)\(/.exec(model.sharedModel.source));
  return Object.fromEntries(found.flatMap((match, place) => match ? [[match[1], place]] : []));
}"""
# Runs the set-up cell and those at some places, or all cells if there are no places; returns what went wrong.
RUN = """async (places) => {
  const board = window.jupyterapp.shell.currentWidget.content, commands = window.jupyterapp.commands;
  const code = [...board.widgets.keys()].filter(
    (i) => board.widgets[i].model.type === 'code' && board.widgets[i].model.sharedModel.source.trim());
  const setUp = code.find((i) => board.widgets[i].model.sharedModel.source.includes('pick_device()')) ?? code[0];
  if (places) {
    for (const place of places = [...new Set([setUp, ...places])]) {
      board.deselectAll();
      board.activeCellIndex = place;
      await commands.execute('notebook:run-cell');
    }
  } else await commands.execute('notebook:run-all-cells');
  const ran = (places ?? code).map((place) => board.widgets[place].model);
  const errors = ran.flatMap((model) => model.sharedModel.outputs).filter((output) => output.output_type === 'error');
  const left = ran.filter((model, i) => model.executionCount !== i + 1).map((model) => model.sharedModel.source);
  return { errors: errors.map((error) => `${error.ename}: ${error.evalue}`), left };
}"""
# Makes a cell the active one and scrolls to it until its explorer is there: what comes late above it pushes it away.
SHOW = """async (place) => {
  const board = window.jupyterapp.shell.currentWidget.content;
  const said = ['caption', 'asleep-note'].map((kind) => `.jp-OutputArea-output .aecourse-${kind}`).join();
  const captions = [...board.widgets[place].node.querySelectorAll(said)];
  const shown = captions.find((caption) => caption.checkVisibility() && caption.offsetHeight);
  const output = shown?.closest('.jp-OutputArea-output').getBoundingClientRect();
  if (board.activeCellIndex === place && output?.top < innerHeight - 100 && output?.bottom > 100) return true;
  board.activeCellIndex = place;
  await board.scrollToItem(place, 'start');
}"""
# Keeps in `window.unanswered` what widgets have asked of the kernel and it has not done with.
LISTEN = """() => {
  window.unanswered = new Set();
  window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction === 'send' && msg.header.msg_type === 'comm_msg') window.unanswered.add(msg.header.msg_id);
    if (direction === 'recv' && msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
      window.unanswered.delete(msg.parent_header.msg_id);
  });
}"""
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let quiet = 0; quiet < 5; quiet = window.unanswered.size ? 0 : quiet + 1) await frame();
  return true;
}"""


def find_chromium() -> str | None:
    """The browser to drive, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("AECOURSE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(
    home: Path, port: int = 0, *, way: Sequence[str] = ("aecourse", "lab"), tree: str = "notebooks/"
) -> Iterator[str]:
    """JupyterLab as `aecourse lab` serves it, on a working copy; its address has {} for workspace and notebook.

    `way` is another command, with the options it needs, and `tree` where the notebooks lie below its root.
    """
    port = port or free_port()
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = {name: str(home / name.lower()) for name in folders}
    command = [
        *way, "--no-browser",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=test",
    ]  # fmt: skip
    with running(command, f"http://127.0.0.1:{port}/api?token=test", environment, log=home / "server.log", cwd=home):
        yield f"http://127.0.0.1:{port}/lab/workspaces/{{}}/tree/{tree}{{}}?token=test"


@contextmanager
def running(module: list[str], address: str, environment: dict[str, str], *, log: Path, cwd: Path) -> Iterator[None]:
    """`python -m module …` from its first answer at the address to the end of the block.

    A Jupyter server whose kernel is just starting may wait for it without end when it is told to stop; after a minute
    it is killed, as a learner would do it, and its kernels end by themselves.
    """
    ours = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}  # here a learner works
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", *module], env=ours | environment, stdout=file, stderr=file, cwd=cwd
        )
    try:
        _wait_until_served(address, server, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(PATIENCE)


def _wait_until_served(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


@contextmanager
def launch_browser(executable: str) -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield chromium
        chromium.close()


class Lab:
    """A page with one notebook open in JupyterLab.

    Attributes
    ----------
    explorers : {explorer: the place of the cell that makes it}, in the notebook that is open
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.explorers: dict[str, int] = {}
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def own_complaints(self) -> list[str]:
        """Console errors that our code could have caused: not the ones of a page without a network."""
        foreign = ("net::ERR", "Failed to load resource", "favicon")
        return [c for c in self.complaints if not any(word in c for word in foreign)]

    def open(self, notebook: str) -> None:
        """Open a notebook, alone in a new workspace, and wait for its kernel."""
        self.end_kernel()
        self.page.goto(self.url.format(uuid.uuid4().hex, notebook))
        self._wait_until_open()

    def write(self, notebook: str, sources: list[str], folder: str = "notebooks/") -> None:
        """Put a notebook of these code cells, which have not run, into the working copy; and open it."""
        empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [empty | {"id": f"cell-{place}", "source": source} for place, source in enumerate(sources)]
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": PYTHON}, "cells": cells}
        server = self.url.split("/lab/")[0]
        answer = self.page.request.put(
            f"{server}/api/contents/{folder}{notebook}?token=test", data={"type": "notebook", "content": content}
        )
        assert answer.ok, answer.text()
        self.open(notebook)

    def reload(self) -> None:
        """Load the page anew; the kernel goes on."""
        self.page.reload()
        self._wait_until_open()

    def _wait_until_open(self) -> None:
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        self.page.wait_for_function(KERNEL_IS_IDLE)
        self.page.evaluate(LISTEN)
        self.explorers = self.page.evaluate(EXPLORERS)

    def end_kernel(self) -> None:
        """End the kernel of the notebook that is open: it would outlive the page, with a gigabyte or two."""
        self.page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")

    def close(self) -> None:
        """End the kernel and close the page."""
        self.end_kernel()
        self.page.close()

    def save(self) -> None:
        """Save the notebook, and wait until it is on the disk."""
        with self.page.expect_response(lambda answer: answer.request.method == "PUT" and "/contents/" in answer.url):
            self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def run_all(self) -> None:
        """Run All, and wait until every cell has run without an error."""
        self._run(None, timeout=3 * PATIENCE)

    def run_explorers(self) -> None:
        """Run the set-up cell and the cells that make explorers."""
        self._run(list(self.explorers.values()), timeout=PATIENCE)

    def run_cells(self, places: list[int]) -> None:
        """Run the set-up cell and those at some places."""
        outcome = self.page.wait_for_function(RUN, arg=places, timeout=1000 * PATIENCE).json_value()
        assert outcome["errors"] == [], outcome["errors"]

    def _run(self, places: list[int] | None, timeout: float) -> None:
        outcome = self.page.wait_for_function(RUN, arg=places, timeout=1000 * timeout).json_value()
        assert outcome == {"errors": [], "left": []}

    def show(self, place: int) -> Locator:
        """The explorer of one cell, scrolled into view: JupyterLab draws a cell when it is first seen."""
        self.page.wait_for_function(SHOW, arg=place, polling=200)
        return self.page.locator(f".jp-Cell[data-windowed-list-index='{place}'] .jp-OutputArea-output .aecourse").first

    def settle(self) -> None:
        """Wait until the page has asked all it had to ask, the kernel has done with it, and the page shows it."""
        self.page.wait_for_function(SETTLE)

    def shoot(self, name: str) -> Path:
        """Save what the screen shows."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
