"""Serve the site as a host does, with its content policy, and note what goes wrong on a page."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder with the content policy that its `_headers` ask for."""

    def __init__(self, *given, site: Path) -> None:
        self.policy = (site / "_headers").read_text("utf-8").splitlines()[1].strip().partition(": ")
        super().__init__(*given, directory=site.parent)

    def end_headers(self) -> None:
        self.send_header(self.policy[0], self.policy[2])
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the site, not at the root of its host."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, site=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{site.name}"
    server.shutdown()


class Visit:
    """A page of the site, and what went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.wrong = page, address, []
        page.on("console", lambda message: message.type in ("error", "warning") and self.wrong.append(message.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        page.on("response", lambda answer: answer.status >= 400 and self.wrong.append(f"{answer.status} {answer.url}"))

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")) and not url.endswith("/favicon.ico"):
            self.wrong.append(f"elsewhere: {url}")

    def open(self, path: str) -> Page:
        """Load a page; its explorers load when they come near."""
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        return self.page
