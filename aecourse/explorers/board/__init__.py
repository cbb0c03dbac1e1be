"""The demo board: all explorers for the front of a room."""

from aecourse.explorers.board.board import DemoBoard

__all__ = ["DemoBoard"]
