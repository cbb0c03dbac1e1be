"""One line of the reliability table: what was done to the course, how often, and how often it came out as it should.

The tests of this folder call the functions that make these lines with small numbers; `make soak` calls the same
functions with large ones and writes `docs/reliability.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    area : the part of the course: Input, Files, Training, Explorers, Notebooks, Security
    fault : what was done, in words
    promise : what a person then sees, and what survives
    tried : how often it was done
    failed : what did not come out as promised, one text each
    """

    area: str
    fault: str
    promise: str
    tried: int
    failed: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise an AssertionError that lists what failed, or says that nothing was tried."""
        assert self.tried > 0, f"{self.fault}: nothing was tried"
        assert not self.failed, f"{self.fault}: {len(self.failed)} of {self.tried} failed:\n" + "\n".join(self.failed)

    def as_dict(self) -> dict:
        """Return the line as JSON keeps it."""
        return asdict(self) | {"failed": list(self.failed)}


def row(area: str, fault: str, promise: str, outcomes: Iterable[str | None]) -> Row:
    """Return the line of many tries; `outcomes` gives for each None, or in words what went wrong."""
    outcomes = list(outcomes)
    return Row(area, fault, promise, len(outcomes), tuple(found for found in outcomes if found is not None))
