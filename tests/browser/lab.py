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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
SCREENSHOTS = ROOT / "build" / "screenshots"
CONFIG = ROOT / "aecourse" / "assets" / "jupyter" / "jupyter_lab_config.py"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_UP = 180  # seconds
ALL_RAN = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = panel.content.model.sharedModel.cells.filter(c => c.cell_type === 'code' && c.source.trim());
  return cells.every(c => c.execution_count !== null && c.executionState !== 'running')
         && panel.sessionContext.session.kernel.status === 'idle';
}"""


def find_chromium() -> str | None:
    """the browser to drive, or None"""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("AECOURSE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    """a loopback port that nobody listens on"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(home: Path) -> Iterator[str]:
    """JupyterLab as `make lab` serves it, on a copy of the notebooks; its address has {} for workspace and notebook"""
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    shutil.copytree(ROOT / "images", home / "images")
    port = free_port()
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = {name: str(home / name.lower()) for name in folders}
    command = [
        "jupyter", "lab", f"--config={CONFIG}", "--no-browser", "--expose-app-in-browser",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=test",
        f"--ServerApp.root_dir={home}",
    ]  # fmt: skip
    with running(command, f"http://127.0.0.1:{port}/api?token=test", environment, log=home / "server.log", cwd=home):
        yield f"http://127.0.0.1:{port}/lab/workspaces/{{}}/tree/notebooks/{{}}?token=test"


@contextmanager
def running(module: list[str], address: str, environment: dict[str, str], *, log: Path, cwd: Path) -> Iterator[None]:
    """`python -m module …` from its first answer at the address to the end of the block"""
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", *module], env=os.environ | environment, stdout=file, stderr=file, cwd=cwd
        )
    try:
        _wait_until_served(address, server, log)
        yield
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_served(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_UP
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


@contextmanager
def launch_browser(executable: str) -> Iterator[Browser]:
    """headless Chromium"""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield chromium
        chromium.close()


class Lab:
    """one notebook open in JupyterLab"""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def own_complaints(self) -> list[str]:
        """console errors that our code could have caused: not the ones of a page without a network"""
        foreign = ("net::ERR", "Failed to load resource", "favicon")
        return [c for c in self.complaints if not any(word in c for word in foreign)]

    def open(self, notebook: str) -> None:
        """open a notebook, alone in a new workspace, and wait for its kernel"""
        self.end_kernel()
        self.page.goto(self.url.format(uuid.uuid4().hex, notebook))
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=60_000
        )

    def end_kernel(self) -> None:
        """end the kernel of the notebook that is open: it would outlive the page, with a gigabyte or two"""
        self.page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")

    def close(self) -> None:
        """end the kernel and close the page"""
        self.end_kernel()
        self.page.context.close()

    def run_all(self, timeout: float = 900) -> None:
        """run all cells and wait until the last has ended"""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_timeout(500)
        self.page.wait_for_function(ALL_RAN, timeout=timeout * 1000)

    def shoot(self, name: str) -> Path:
        """save what the screen shows"""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
