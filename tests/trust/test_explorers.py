"""What can go wrong with an explorer: values that no control accepts, and messages that no page of ours sends."""

from __future__ import annotations

import math

import pytest
import traitlets
from helpers.explorers import EXPLORERS

JUNK = (
    *(None, math.nan, math.inf, 1e9, -1, 10**12, True, 0.5, "", "x", b"", b"x"),
    *([], [1, 2], [math.nan] * 16, {}, (1, 2), object()),
)
MESSAGES = (
    *({}, {"want": None}, {"want": [1]}, {"want": {}}, {"want": "nothing"}),
    *({"run": "nothing"}, {"run": None, "part": "encoder", "n": 1, "key": "a"}, {"run": "x", "n": -1}),
    *({"files": ["a.png"]}, {"files": None}, {"choose": {"lr": math.nan}}, {"choose": None}, {"train": 1}),
    *([], "x", None, 3),
)


@pytest.fixture(scope="module", params=EXPLORERS)
def explorer(request):
    """Each of them, as it starts."""
    built = EXPLORERS[request.param]()
    built.send = lambda *_: None
    yield built
    built.close()


def test_a_state_that_cannot_be_is_refused(explorer):
    """In words that name the control; the last good state stays. What is accepted can be shown."""
    for control in explorer.controls:
        for value in JUNK:
            before = explorer.settings()
            try:
                setattr(explorer, control, value)
            except traitlets.TraitError as error:
                assert control in str(error)
                assert explorer.settings() == before, (control, value)
            else:
                explorer.rows(**explorer.settings()), explorer.numbers(**explorer.settings())
                explorer.apply(before)


def test_a_message_that_nobody_sends_changes_nothing(explorer):
    """Neither an exception, which would land in some cell, nor another state."""
    before = explorer.settings()
    for message in MESSAGES:
        explorer._handle_custom_msg(message, [])
    assert explorer.settings() == before
