"""Predictions, claims, and the checks of the learners' answers."""

from aecourse.exercises import (  # noqa: F401  (importing registers the checks)
    applications,
    compression,
    contractive,
    deep_and_stacked,
    denoising,
    encoder_and_decoder,
    sparse,
    start_here,
    undercomplete,
    variational,
)
from aecourse.exercises.checking import EXERCISES, Exercise, Mark, exercise, mark
from aecourse.exercises.experiments import experiment
from aecourse.exercises.prediction import Prediction
from aecourse.exercises.protocol import check, claim
from aecourse.records import RECORD, read_records

__all__ = [
    "EXERCISES",
    "RECORD",
    "Exercise",
    "Mark",
    "Prediction",
    "check",
    "claim",
    "exercise",
    "experiment",
    "mark",
    "read_records",
]
