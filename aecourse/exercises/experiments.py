"""Open experiments: the learner fills a table, writes a sentence, and the report collects both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import EllipsisType

from aecourse.exercises.cards import card, tell
from aecourse.exercises.conversion import AnswerError, as_number
from aecourse.records import check_name


def experiment(
    name: str,
    table: Mapping[object, float | EllipsisType],
    sentence: str | EllipsisType = ...,
) -> None:
    """Keep the table and the sentence of an open experiment for the report, and say what is still missing.

    Nothing is marked right or wrong.

    Parameters
    ----------
    name : str
        Notebook and number of the experiment, such as "03.6".
    table : dict
        {what was set: the number measured}, with `...` where nothing was measured yet.
    sentence : str
        What the learner concludes; `...` while there is none.

    Raises
    ------
    TypeError, ValueError
        If the table holds anything but finite numbers, or the sentence is not a string.
    """
    check_name(name)
    if not isinstance(table, Mapping) or not table:
        raise TypeError(f"table must be a dict such as {{'k = 2': 0.05}}; got {table!r}")
    if sentence is not ... and not isinstance(sentence, str):
        raise TypeError(f"sentence must be a text in quotes; got {sentence!r}")
    try:
        measured = {str(what): None if number is ... else as_number(number) for what, number in table.items()}
    except AnswerError as error:
        raise TypeError(f"table must hold one number, or ..., for each line: {error}") from error
    if bad := [what for what, number in measured.items() if number is not None and not math.isfinite(number)]:
        raise ValueError(f"table must hold finite numbers; {bad[0]!r} does not")
    written = "" if sentence is ... else sentence.strip()
    missing = [what for what, number in measured.items() if number is None] + ["your sentence"] * (not written)
    said = f"still missing: {', '.join(missing)}." if missing else "noted for your report."
    # Numbers differ between machines: they are metadata, which a comparison of stored outputs skips.
    noted = {"table": measured, "sentence": written}
    drawn = card("not attempted" if missing else "noted", f"Experiment {name}: {said}")
    tell(f"Experiment {name}: {said}", drawn, noted, kind="experiment", name=name, complete=not missing)
