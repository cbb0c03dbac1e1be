"""Training: one loop for every family, and training layer by layer."""

from aecourse.training.layerwise import fit_classifier, fit_layerwise
from aecourse.training.loop import History, fit, mean_loss

__all__ = ["History", "fit", "fit_classifier", "fit_layerwise", "mean_loss"]
