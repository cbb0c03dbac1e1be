"""to be written"""

from __future__ import annotations

from aecourse.widgets.explorer import Explorer


class SparsityExplorer(Explorer):
    """taught in notebooks/05_sparse.ipynb"""
