"""The hub of `make class` as the trial runs it, and what its processes cost."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from aecourse.cli import fetch_proxy

ROOT = Path(__file__).parent.parent.parent
HUB_CONFIG = ROOT / "aecourse" / "assets" / "jupyter" / "jupyterhub_config.py"
TRIAL_CONFIG = f"""
load_subconfig({str(HUB_CONFIG)!r})
get_config().Spawner.args.append("--LabApp.expose_app_in_browser=True")
"""
Read = TypeVar("Read")
PARTS = ("hub", "proxy", "server", "kernel", "browser")


def unless_ended(read: Callable[[], Read], otherwise: Read) -> Read:
    """What is read of a process, or something else if it has ended meanwhile."""
    try:
        return read()
    except psutil.NoSuchProcess:
        return otherwise


@contextmanager
def hub(home: Path) -> Iterator[tuple[subprocess.Popen, str, str]]:
    """The hub of `make class` on a free port and in a folder of its own: (process, address, password)."""
    fetch_proxy()
    port = three_ports()
    password = secrets.token_hex(8)
    config = home / "trial_config.py"
    config.write_text(TRIAL_CONFIG)
    settings = {"AECOURSE_CLASS": str(home), "AECOURSE_PORT": str(port), "AECOURSE_PASSWORD": password}
    with (home / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", f"--config={config}"],
            env=os.environ | settings, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{address}/hub/login", timeout=5).close()
                yield process, address, password
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"the hub did not start:\n{(home / 'hub.log').read_text()}")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def three_ports() -> int:
    """The first of three neighbouring ports that nobody listens on."""
    return next(p for p in range(18000, 19000, 3) if not any(_is_taken(p + i) for i in range(3)))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Ledger:
    """The processors' seconds and the memory of every part of the class, from the process tree."""

    def __init__(self, hub: int) -> None:
        self.hub = psutil.Process(hub)

    def parts(self) -> dict[str, list[psutil.Process]]:
        """{part: its processes}."""
        parts = {part: [] for part in PARTS}
        parts["hub"].append(self.hub)
        for process in self.hub.children(recursive=True):
            words = " ".join(unless_ended(process.cmdline, []))
            part = "kernel" if "ipykernel" in words else "proxy" if "configurable-http-proxy" in words else "server"
            parts[part].append(process)
        parts["browser"] = [p for p in psutil.Process().children(recursive=True) if "chrom" in unless_ended(p.name, "")]
        return parts

    def seconds(self) -> dict[str, float]:
        """{part: processor seconds so far}."""
        spent = dict.fromkeys(PARTS, 0.0)
        for part, processes in self.parts().items():
            for process in processes:
                spent[part] += sum(unless_ended(process.cpu_times, (0.0, 0.0))[:2])  # user and system
        return spent

    def megabytes(self) -> dict[str, float]:
        """{part: proportional set size}: shared pages are divided among the processes that share them."""
        return {
            part: sum(getattr(unless_ended(process.memory_full_info, None), "pss", 0) for process in processes) / 1e6
            for part, processes in self.parts().items()
            if part != "browser"
        }
