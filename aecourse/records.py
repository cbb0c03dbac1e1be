"""The records that predictions, exercises and claims leave in the outputs of a saved notebook.

`aecourse.exercises.protocol` writes them. Reading them needs neither torch nor a kernel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

RECORD = "application/vnd.aecourse.record+json"
VERSION = 1
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
    low, high = claim["at_least"], claim["at_most"]
    if low == high:
        return f"{claim['sentence']}: {low:g}"
    bounds = [f"{word} {bound:g}" for word, bound in (("at least", low), ("at most", high)) if bound is not None]
    return f"{claim['sentence']}: ≈ {claim['value']:.{claim['digits']}g} (claimed: {' and '.join(bounds)})"


def check_name(name: str) -> str:
    """Return `name` if it is the number of a notebook, a dot and words; raise an error otherwise."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"name must be a notebook's number, a dot and small letters, such as '03.gain_at_32'; got {name!r}"
        )
    return name
