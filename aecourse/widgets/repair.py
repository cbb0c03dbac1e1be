"""to be written"""

from __future__ import annotations

from aecourse.widgets.explorer import Explorer


class RepairExplorer(Explorer):
    """taught in notebooks/06_denoising.ipynb"""
