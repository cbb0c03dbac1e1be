"""The captions of explorers, as their scripts make them."""

from __future__ import annotations

from collections.abc import Sequence

from helpers import node
from helpers.parity import COMPUTE, LOAD, as_json, given

from aecourse.explorers.base.page import Explorer

SAY = f"""async ({{ states, ...given }}) => {{
  await ({LOAD})(given);
  return {{ said: ({COMPUTE})(states).map(({{ caption }}) => caption), wanted: [...wanted] }};
}}"""


def captions(explorer: Explorer, states: Sequence[dict]) -> list[str]:
    """Return the captions of an explorer in some states, given as values of its controls."""
    files, wanted = dict(explorer.assets), []
    while True:
        files |= {name: explorer.later[name]() for name in wanted}
        answer = node.call(SAY, {"states": [as_json(state) for state in states]} | given(explorer, files))
        if not (wanted := answer["wanted"]):
            return answer["said"]
