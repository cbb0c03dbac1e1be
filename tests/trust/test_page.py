"""The reliability table of the docs shows what `make soak` and `make seeds` stored, and no line is missing."""

import importlib
import inspect

from trust import soak


def test_the_page_is_that_of_the_results():
    """To the letter: `python tests/trust/soak.py --page` writes it again."""
    page = soak.PAGE.read_text("utf-8")
    assert page == soak.with_table(page, soak.results())
    assert soak.results().keys() <= {function for functions in soak.COUNTS.values() for function in functions}


def test_every_line_can_be_measured():
    """Each function of the table is there, and every function that makes a line from a count is in the table."""
    for module, functions in soak.COUNTS.items():
        own = [each for each in vars(importlib.import_module(module)).values() if inspect.isfunction(each)]
        counted = [each for each in own if [*inspect.signature(each).parameters] == ["count"]]
        lines = {each.__name__ for each in counted if "Row" in str(each.__annotations__["return"])}
        assert lines == functions.keys(), module
