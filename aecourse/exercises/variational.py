"""Answers to the exercises of notebooks/08_variational.ipynb."""
