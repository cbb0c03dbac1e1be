"""Training: one loop for every family, and what is trained in stages."""

from aecourse.training.loop import History, fit, mean_loss
from aecourse.training.stages import fit_classifier, fit_layerwise

__all__ = ["History", "fit", "fit_classifier", "fit_layerwise", "mean_loss"]
