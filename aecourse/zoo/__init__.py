"""What ships with the course: the networks, their settings and names, and the fixed validation split."""

from aecourse.zoo.catalogue import (
    BETAS,
    CODE_SIZES,
    CONTRACTION_STRENGTHS,
    CONTRACTIVE,
    DENSE,
    NORMAL,
    SPARSE,
    SPLIT_SEED,
    VALIDATION_SIZE,
    VARIATIONAL,
    digits_pca,
    load_split,
)
from aecourse.zoo.weights import Card, load_weights, read_card, save_weights, shared_weights, shipped_weights

__all__ = [
    "BETAS",
    "CODE_SIZES",
    "CONTRACTION_STRENGTHS",
    "CONTRACTIVE",
    "DENSE",
    "NORMAL",
    "SPARSE",
    "SPLIT_SEED",
    "VALIDATION_SIZE",
    "VARIATIONAL",
    "Card",
    "digits_pca",
    "load_split",
    "load_weights",
    "read_card",
    "save_weights",
    "shared_weights",
    "shipped_weights",
]
