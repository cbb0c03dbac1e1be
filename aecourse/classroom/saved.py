"""What a learner left in a saved notebook: predictions, answers, experiments, claims."""

from __future__ import annotations

from dataclasses import dataclass, field

RIGHT, NOT_YET, NOT_ATTEMPTED, STOPPED, NOT_RUN = "right", "not yet", "not attempted", "stopped", "not run"
UNREADABLE = "not readable"  # another version of the course saved it
BEST_FIRST = (RIGHT, NOT_YET, STOPPED, UNREADABLE, NOT_ATTEMPTED, NOT_RUN)


@dataclass(frozen=True)
class SavedPrediction:
    """One question; `predicted` and `measured` are None where nothing was saved, and `missing` says why."""

    question: str
    predicted: str | None = None
    measured: str | None = None
    missing: str = NOT_RUN

    @property
    def right(self) -> bool:
        """Whether the learner predicted what was measured."""
        return self.predicted is not None and self.predicted == self.measured


@dataclass(frozen=True)
class Answer:
    """One exercise: the learner's code, the verdict saved with it, and a doubt if the two contradict each other.

    `later` is true if its cell was run after all that stands below it.
    """

    name: str
    task: str
    code: str
    verdict: str
    detail: str = ""
    doubt: str = ""
    later: bool = False


@dataclass(frozen=True)
class SavedExperiment:
    """One open experiment: the table that the learner filled, with None where nothing was measured, and a sentence."""

    name: str
    task: str
    table: dict[str, float | None] = field(default_factory=dict)
    sentence: str = ""
    complete: bool = False

    @property
    def begun(self) -> bool:
        """Whether anything was filled in."""
        return bool(self.sentence) or any(number is not None for number in self.table.values())


@dataclass(frozen=True)
class MissedClaim:
    """A claim that did not hold in this run because settings were changed: its number, and the bounds in words."""

    sentence: str
    value: float
    bounds: str


@dataclass(frozen=True)
class SavedNotebook:
    """What a saved notebook holds; `claims` counts those that were run here and held."""

    title: str
    opened: bool = True
    predictions: list[SavedPrediction] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    experiments: list[SavedExperiment] = field(default_factory=list)
    claims: int = 0
    missed: list[MissedClaim] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        """Return how many answers have this verdict."""
        return sum(answer.verdict == verdict for answer in self.answers)

    @property
    def made(self) -> int:
        """How many questions were answered before the result."""
        return sum(prediction.predicted is not None for prediction in self.predictions)

    @property
    def hit(self) -> int:
        """How many predictions were right."""
        return sum(prediction.right for prediction in self.predictions)

    @property
    def attempted(self) -> int:
        """How many exercises have an answer, right or not."""
        return self.count(RIGHT) + self.count(NOT_YET) + self.count(STOPPED)

    @property
    def complete(self) -> int:
        """How many experiments are complete."""
        return sum(experiment.complete for experiment in self.experiments)
