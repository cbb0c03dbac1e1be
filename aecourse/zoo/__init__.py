"""What ships with the course, named once: the networks, their grids, and the digits set aside for choices."""

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
    "digits_pca",
    "load_split",
]
