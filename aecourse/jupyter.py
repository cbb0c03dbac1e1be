"""What the JupyterLab above this kernel lacks to show widgets."""

from __future__ import annotations

import functools
import json
import urllib.error
import urllib.request
from pathlib import Path

# JupyterLab's extensions that draw widgets, and the packages that bring them.
WIDGET_PARTS = {"@jupyter-widgets/jupyterlab-manager": "ipywidgets", "anywidget": "anywidget"}
CURE = "close it and start: aecourse lab (or install ipywidgets and anywidget where JupyterLab is, and start it again)"


@functools.cache
def server_parts() -> dict[str, str] | None:
    """Return {part that draws widgets: its version in the JupyterLab above this kernel, "" if it is missing there}.

    None if there is no such JupyterLab, or it cannot be asked.
    """
    try:
        url = _server()
        return url and {name: _version(f"{url}lab/extensions/{name}/package.json") for name in WIDGET_PARTS}
    except (OSError, ValueError, KeyError):
        return None


def only_a_picture() -> str:
    """Return why an explorer stays a picture in this JupyterLab, and below it what to do; nothing if it can."""
    if missing := [WIDGET_PARTS[part] for part, version in (server_parts() or {}).items() if not version]:
        return f"This JupyterLab belongs to another environment, which lacks {' and '.join(missing)}:\n{CURE}"
    return ""


def _server() -> str | None:
    """The address of the Jupyter server among the processes above this one."""
    import psutil  # here, as jupyter_core: only a kernel needs them, and ipykernel brings both
    from jupyter_core.paths import jupyter_runtime_dir

    notes = (Path(jupyter_runtime_dir()) / f"jpserver-{parent.pid}.json" for parent in psutil.Process().parents())
    note = next((note for note in notes if note.exists()), None)
    return note and json.loads(note.read_text("utf-8"))["url"]


def _version(address: str) -> str:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
        return json.load(opener.open(address, timeout=2))["version"]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return ""
        raise
