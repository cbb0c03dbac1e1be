"""Free explorers: ipywidgets keeps every widget, and all that it shows, until it is closed."""

from __future__ import annotations

import ctypes
import functools
import weakref
from collections.abc import Callable, Iterator

import ipywidgets as widgets

_made: dict[str, tuple[str, int, list[weakref.ref]]] = {}  # {cell: (its latest run, its number, what that run made)}


def replaces_earlier_run(explorer: widgets.Widget) -> None:
    """Close what an earlier run of the running cell made; the next run will close `explorer`.

    Outside a notebook, and when a click makes the explorer, there is no running cell and nothing happens.
    """
    from IPython import get_ipython

    shell = get_ipython()
    parent = getattr(shell, "get_parent", dict)()
    if parent.get("header", {}).get("msg_type") != "execute_request":
        return
    cell = parent.get("metadata", {}).get("cellId") or parent["content"]["code"]
    run = parent["header"]["msg_id"]
    latest, number, made = _made.get(cell, (run, shell.execution_count, []))
    if latest != run:
        results = shell.user_ns.get("Out", {})
        for old in filter(None, (reference() for reference in made)):
            old.close()
            if results.get(number) is old:  # IPython keeps each result …
                del results[number]
        getattr(shell.history_manager, "outputs", {}).pop(number, None)  # … and what it showed, picture and all
        number, made = shell.execution_count, []
    _made[cell] = run, number, [*made, weakref.ref(explorer)]


def parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """A widget and all that belongs to it: children, layouts, styles."""
    yield widget
    for name in widget.keys:
        value = getattr(widget, name)
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, widgets.Widget):
                yield from parts(part)


def close_whole(box: widgets.Box) -> None:
    """Close a box with everything in it and drop what it holds: a name that still refers to it keeps an empty shell."""
    inside = [*parts(box)]
    for part in inside:
        part.unobserve_all()  # a slider that somebody still holds moves nothing any more
    for part in inside[1:]:
        part.close()
    widgets.Box.close(box)
    box.children = ()
    for name in vars(box).keys() - _of_an_empty_box():
        delattr(box, name)
    return_memory()


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


@functools.cache
def _of_an_empty_box() -> frozenset[str]:
    """The attributes of a closed box that ipywidgets itself needs."""
    box = widgets.VBox()
    for part in [*parts(box)]:
        part.close()
    return frozenset(vars(box))
