"""What happens to an explorer when its cell runs again: its state is kept, its memory is freed.

ipywidgets keeps every widget, and all that it shows, until it is closed.
"""

from __future__ import annotations

import ctypes
import functools
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets


@dataclass
class Run:
    """One run of a cell that makes explorers.

    Attributes
    ----------
    identity : the number of the request that started it
    count : the number that IPython gives it
    code : the cell's source
    made : what it made
    memories : (name of its class, what it remembers) of the run before, if the cell has not been changed since
    """

    identity: str
    count: int
    code: str
    made: list[weakref.ref]
    memories: list[tuple[str, dict]]


_latest: dict[str, Run] = {}  # {cell: its latest run}


def replaces_earlier_run(explorer: widgets.Widget) -> dict | None:
    """Close what an earlier run of the running cell made; the next run will close `explorer`.

    Returns what the explorer in its place remembers, if the cell is the same as before. Outside a notebook, and when a
    click makes the explorer, there is no running cell and nothing happens.
    """
    from IPython import get_ipython

    shell = get_ipython()
    parent = getattr(shell, "get_parent", dict)()
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return None
    code, identity = parent["content"]["code"], parent["header"]["msg_id"]
    cell = parent.get("metadata", {}).get("cellId") or code
    run = _latest.get(cell)
    if run is None or run.identity != identity:
        memories = [] if run is None else _close(run, shell, same_code=run.code == code)
        run = _latest[cell] = Run(identity, shell.displayhook.prompt_count, code, [], memories)
    run.made.append(weakref.ref(explorer))
    found = next((memory for memory in run.memories if memory[0] == _kind(explorer)), None)
    if found is not None:
        run.memories.remove(found)
    return found and found[1]


def _close(run: Run, shell: object, *, same_code: bool) -> list[tuple[str, dict]]:
    """Close what a run made; return what its explorers remember."""
    results, memories = shell.user_ns.get("Out", {}), []
    for old in filter(None, (reference() for reference in run.made)):
        if same_code and hasattr(old, "memory") and old.comm is not None:
            memories.append((_kind(old), old.memory()))
        old.close()
        if results.get(run.count) is old:  # IPython keeps each result, also as _1, _2, …
            del results[run.count]
            for names in (shell.user_ns, shell.user_ns_hidden):
                names.pop(f"_{run.count}", None)
    getattr(shell.history_manager, "outputs", {}).pop(run.count, None)  # and what it showed, picture and all
    return memories


def _kind(explorer: widgets.Widget) -> str:
    """Return the name of a class: anywidget derives another one for each widget."""
    return f"{type(explorer).__module__}.{type(explorer).__qualname__}"


def return_memory() -> None:
    """Hand free memory back to the operating system, if the C library (glibc) can do that.

    What an explorer computes while it is built is large and short-lived; without this the process keeps the memory.
    """
    if (trim := _c_library_trim()) is not None:
        trim(0)


@functools.cache
def _c_library_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, Windows
        return None
