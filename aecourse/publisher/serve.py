"""Serve the demo board on a loopback address; its files are written once."""

from __future__ import annotations

import argparse
import contextlib
import functools
import webbrowser
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from aecourse.files import writing

PACKAGE = Path(str(resources.files("aecourse")))
SOURCES = ("*.py", "*.js", "*.css", "*.html", "*.safetensors.gz")
HERE = ("127.0.0.1", "localhost")


class Static(SimpleHTTPRequestHandler):
    """Serves the files of one folder to pages of this machine, and says nothing about it."""

    def send_head(self):
        """Refuse what another address asks for: a page elsewhere whose name was bound to this machine, too."""
        host, origin = (self.headers.get(name) for name in ("Host", "Origin"))
        try:
            if urlsplit(f"//{host}").hostname in HERE and origin in (None, f"http://{host}"):
                return super().send_head()
            self.send_error(HTTPStatus.FORBIDDEN)
        except ValueError:  # no file can have this name
            self.send_error(HTTPStatus.NOT_FOUND)

    def list_directory(self, _: object) -> None:
        """List no folder."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def is_fresh(board: Path) -> bool:
    """Whether the board was written after the last change to the package."""
    changed = max(file.stat().st_mtime for kind in SOURCES for file in PACKAGE.rglob(kind))
    return board.exists() and board.stat().st_mtime > changed


def main(arguments: list[str]) -> int:
    """Write the demo board if that has not been done yet, serve it to this machine, and open it."""
    parser = argparse.ArgumentParser(prog="aecourse demo", description=main.__doc__)
    parser.add_argument("--to", type=Path, default=Path("build/site"), help="where its files go")
    parser.add_argument("--port", type=int, default=8900, help="the port on this machine")
    parser.add_argument("--no-browser", action="store_true", help="only serve it")
    options = parser.parse_args(arguments)
    if not is_fresh(options.to / "board.html"):
        print("Writing the demo board, a minute or two, once …", flush=True)
        from aecourse.publisher.explorer_files import write_board  # only now: torch takes its time

        with writing("--to must be a folder", options.to):
            write_board(options.to)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", options.port), functools.partial(Static, directory=options.to))
    except OSError as error:
        raise ValueError(
            f"port {options.port} cannot be used ({error.strerror}); choose another with --port"
        ) from error
    address = f"http://127.0.0.1:{server.server_port}/board.html"
    print(f"The demo board is at {address} (Ctrl-C ends it)", flush=True)
    if not options.no_browser:
        webbrowser.open(address)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0
