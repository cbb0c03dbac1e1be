"""Measures of how good a model is, as numbers: nothing here draws or prints."""

from aecourse.evaluation.anomaly import anomaly_scores, threshold_at
from aecourse.evaluation.gabor import extent, gabor_fit, orientation
from aecourse.evaluation.probes import linear_probe_accuracy, principal_angles, ridge_probe_accuracy
from aecourse.evaluation.reconstruction import mse, pca_mse, psnr, reconstruct, reconstruction_mse, ssim
from aecourse.evaluation.retrieval import hamming, hamming_nearest, hash_bits, nearest, precision_at
from aecourse.evaluation.score_field import mixture_score

__all__ = [
    "anomaly_scores",
    "extent",
    "gabor_fit",
    "hamming",
    "hamming_nearest",
    "hash_bits",
    "linear_probe_accuracy",
    "mixture_score",
    "mse",
    "nearest",
    "orientation",
    "pca_mse",
    "precision_at",
    "principal_angles",
    "psnr",
    "reconstruct",
    "reconstruction_mse",
    "ridge_probe_accuracy",
    "ssim",
    "threshold_at",
]
