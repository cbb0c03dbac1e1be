"""Answers to the exercises of notebooks/07_contractive.ipynb."""
