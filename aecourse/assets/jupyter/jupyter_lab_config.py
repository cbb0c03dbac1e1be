"""How `aecourse lab` serves the course: on this machine only, with a token, and with quick answers for sliders."""

import os
import sys
import webbrowser
from pathlib import Path

from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

from aecourse.classroom.working_copy import make_working_copy

c = get_config()  # noqa: F821  (Jupyter defines it)

# JupyterLab opens the learner's own copies, in the folder that this variable names.
try:
    c.ServerApp.root_dir = str(make_working_copy(os.environ.get("AECOURSE_WORK", "work")))
except ValueError as error:
    sys.exit(str(error))
c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.allow_root = hasattr(os, "geteuid") and os.geteuid() == 0  # a container often has no other user
c.LabApp.app_settings_dir = str(Path(__file__).parent / "settings")  # no news pop-up in the middle of a lesson
c.ServerApp.tornado_settings = {"websocket_max_message_size": 2**28}  # uploaded photographs come as one message
c.LabApp.expose_app_in_browser = True  # a vote saves the notebook; Shift + Enter in a widget goes on to the next cell
try:
    webbrowser.get()
except webbrowser.Error:
    c.ServerApp.open_browser = False  # the address with its token is printed instead

# A slider's answer is many small packets; do not let the server hold them back to collect more (Nagle's algorithm).
_open = KernelWebsocketHandler.open


async def _open_without_delay(self, *args, **kwargs):
    self.set_nodelay(True)
    return await _open(self, *args, **kwargs)


KernelWebsocketHandler.open = _open_without_delay

# JupyterLab saves the state of live widgets with the notebook (overrides.json); this keeps the state of the others.
c.ContentsManager.pre_save_hook = "aecourse.classroom.working_copy.before_saving"
