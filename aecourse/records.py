"""The records that predictions, exercises and claims leave in the outputs of a saved cell, and how they are read.

`aecourse.exercises.protocol` writes them. Reading them needs neither torch nor a kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

RECORD = "application/vnd.aecourse.record+json"
VERSION = 1
FIELDS = {  # what a record holds beside its version, kind and name; all of it JSON, none of it NaN
    "question": {"question", "options"},
    "prediction": {"question", "options", "predicted", "measured"},
    "exercise": {"outcome", "hint"},
    "claim": {"sentence", "at_least", "at_most", "digits", "value"},
}


def read_records(outputs: Iterable[Mapping]) -> list[dict]:
    """the records in the saved outputs of a cell, in order; what this version of the course cannot read is left out"""
    found = []
    for output in outputs:
        record = output.get("data", {}).get(RECORD)
        if isinstance(record, Mapping) and record.get("version") == VERSION:
            record = dict(record) | dict(output.get("metadata", {}).get(RECORD, {}))
            if {"name", *FIELDS.get(record.get("kind"), {"no such kind"})} <= record.keys():
                found.append(record)
    return found


def has_foreign_records(outputs: Sequence[Mapping]) -> bool:
    """whether the outputs hold a record that this version of the course cannot read, as another version wrote it"""
    return len(read_records(outputs)) < sum(RECORD in output.get("data", {}) for output in outputs)


def claim_in_words(claim: Mapping) -> str:
    """the sentence of a claim with its number and its bounds

    The number stands behind "≈", so that a comparison of stored outputs passes over what training decides; the bounds
    are written to the letter.
    """
    low, high = claim["at_least"], claim["at_most"]
    bounds = [f"{word} {bound:g}" for word, bound in (("at least", low), ("at most", high)) if bound is not None]
    if low == high:
        bounds = [f"exactly {low:g}"]
    return f"{claim['sentence']}: ≈ {claim['value']:.{claim['digits']}g} (claimed: {' and '.join(bounds)})"
