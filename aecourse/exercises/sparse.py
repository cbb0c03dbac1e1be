"""Answers to the exercises of notebooks/05_sparse.ipynb."""
