"""Predictions, claims and answer checks: what turns reading a notebook into doing it."""

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
from aecourse.exercises.checking import EXERCISES, Exercise, check, exercise, same_array, verdict
from aecourse.exercises.claims import claim
from aecourse.exercises.prediction import Prediction

__all__ = ["EXERCISES", "Exercise", "Prediction", "check", "claim", "exercise", "same_array", "verdict"]
