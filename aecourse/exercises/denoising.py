"""Answers to the exercises of notebooks/06_denoising.ipynb."""
