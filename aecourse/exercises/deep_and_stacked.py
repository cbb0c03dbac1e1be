"""Answers to the exercises of notebooks/04_deep_and_stacked.ipynb."""
