"""Serve the demo board as `make demo` does, on a free loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import CONFIG, ROOT, free_port, running


@contextmanager
def serve_demo(home: Path) -> Iterator[str]:
    """Voilà with the shipped configuration; yields its address"""
    port = free_port()
    environment = {name: str(home) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    command = [
        "voila", "notebooks/10_demo_board.ipynb", "--no-browser", f"--port={port}",
        f"--Voila.config_file_paths={CONFIG.parent}", "--Voila.port_retries=0",
    ]  # fmt: skip
    first = f"http://127.0.0.1:{port}/voila/static/voila.js"
    with running(command, first, environment, log=home / "server.log", cwd=ROOT):
        yield f"http://127.0.0.1:{port}/"
