"""What the course leaves in a saved notebook: records of predictions, exercises and claims, and places of widgets.

`aecourse.exercises` writes the records. Reading them needs neither torch nor a kernel.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

RECORD = "application/vnd.aecourse.record+json"
VERSION = 1
VIEW = "application/vnd.jupyter.widget-view+json"  # in an output: which widget is shown there
STATE = "application/vnd.jupyter.widget-state+json"  # in the metadata: what each widget holds, as JupyterLab saved it
EDITION = "aecourse_version"  # in the metadata: the version of the course that a notebook belongs to
COPY = "aecourse_working_copy"  # in the metadata of a copy that began without outputs: its fingerprint at that time
NAME = re.compile(r"\d\d\.[a-z0-9_]+")
FIELDS = {  # what a record of each kind holds besides version, kind and name: JSON values, never NaN
    "question": {"question", "options"},
    "prediction": {"question", "options", "predicted", "measured"},
    "exercise": {"outcome", "hint"},
    "experiment": {"table", "sentence", "complete"},
    "claim": {"sentence", "at_least", "at_most", "digits", "value"},
}


def read_records(outputs: Iterable[Mapping]) -> list[dict]:
    """Return the records in the saved outputs of a cell, in order, without those that this version cannot read."""
    found = []
    for output in outputs:
        record = output.get("data", {}).get(RECORD)
        if isinstance(record, Mapping) and record.get("version") == VERSION:
            record = dict(record) | dict(output.get("metadata", {}).get(RECORD, {}))
            if {"name", *FIELDS.get(record.get("kind"), {"no such kind"})} <= record.keys():
                found.append(record)
    return found


def has_foreign_records(outputs: Sequence[Mapping]) -> bool:
    """Whether the outputs hold a record that this version of the course cannot read."""
    return len(read_records(outputs)) < sum(RECORD in output.get("data", {}) for output in outputs)


def claim_in_words(claim: Mapping) -> str:
    """Return the sentence of a claim with its number and its bounds.

    A comparison of stored outputs skips a number behind "≈", which depends on training; the bounds, and a number that
    must be exact, are compared to the letter.
    """
    if claim["at_least"] == claim["at_most"]:
        return f"{claim['sentence']}: {claim['at_least']:g}"
    return f"{claim['sentence']}: ≈ {number_in_words(claim)} (claimed: {bounds_in_words(claim)})"


def number_in_words(claim: Mapping) -> str:
    """Return the number of a claim, printed with its own count of digits."""
    return f"{claim['value']:.{claim['digits']}g}"


def bounds_in_words(claim: Mapping) -> str:
    """Return the bounds of a claim, such as "at least 0.2 and at most 1"."""
    bounds = (("at least", claim["at_least"]), ("at most", claim["at_most"]))
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def claim_holds(claim: Mapping) -> bool:
    """Whether the number of a claim is finite and keeps its bounds."""
    low, high, value = claim["at_least"], claim["at_most"], claim["value"]
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


def check_name(name: str) -> str:
    """Return `name` if it is the number of a notebook, a dot and words; raise an error otherwise."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"name must be a notebook's number, a dot and small letters, such as '03.gain_at_32'; got {name!r}"
        )
    return name
