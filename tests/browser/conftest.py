"""One server of each kind and one browser for all browser tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.lab import PATIENCE, Lab, find_chromium, launch_browser, serve
from browser.visits import served
from helpers.paths import ROOT
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aecourse.publisher.serve import is_fresh

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="session")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running JupyterLab."""
    with serve(tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one the tests fail in CI and are skipped elsewhere."""
    if (executable := find_chromium()) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium here; on Debian: apt install chromium")
    with launch_browser(executable) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def window(browser: Browser) -> BrowserContext:
    """Where all pages of JupyterLab open: its scripts are loaded and compiled once."""
    return browser.new_context(viewport={"width": 1400, "height": 950})


@pytest.fixture
def lab(window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A fresh page on the running JupyterLab."""
    lab = Lab(window.new_page(), lab_url)
    yield lab
    lab.close()


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """An empty page."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the course's site, written anew if anything that goes into it has changed."""
    folder = ROOT / "build" / "site"
    sources = [
        *(ROOT / "notebooks").glob("*.ipynb"),
        *(ROOT / "docs").rglob("*.*"),
        *(ROOT / "images").glob("*.svg"),
    ]
    index = folder / "_headers"  # what is written last
    newest = max(source.stat().st_mtime for source in sources)
    if not (is_fresh(folder / "board.html") and index.exists() and index.stat().st_mtime > newest):
        subprocess.run([sys.executable, "-m", "aecourse", "site", "--to", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with served(site) as url:
        yield url
