"""What a learner predicted: kept by question while the kernel lives, and read back from the saved notebook later."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

from aecourse.records import STATE

Vote = dict[str, str]  # {"value": the option chosen, "counted": chosen before the result was shown, "measured": …}
EMPTY: Vote = {"value": "", "counted": "", "measured": ""}

_kept: dict[str, Vote] = {}


def keep(name: str, vote: Vote) -> None:
    """Remember the vote on a question, for when its cell runs again."""
    _kept[name] = vote


def recall(name: str, options: list[str]) -> Vote:
    """Return the vote on a question, an empty one if there is none or the question has other options now."""
    vote = _kept.get(name) or _saved().get(name, EMPTY)
    return dict(vote) if {vote["value"], vote["counted"]} <= {"", *options} else dict(EMPTY)


@functools.cache
def _saved() -> dict[str, Vote]:
    """The votes in the notebook that this kernel belongs to: JupyterLab saves the state of its widgets there."""
    path = Path(os.environ.get("JPY_SESSION_NAME", ""))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        models = content["metadata"]["widgets"][STATE]["state"].values()
        states = [model["state"] for model in models]
        return {
            state["name"]: {key: str(state.get(key) or "") for key in EMPTY}
            for state in states
            if str(state.get("_anywidget_id", "")).endswith("prediction.Prediction")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # no such file, or another program's
        return {}
