"""How `make demo` serves the demo board: on this machine only, without code, files of the course, or network access."""

import os
from pathlib import Path

c = get_config()  # noqa: F821  (Jupyter defines it)
load_subconfig("jupyter_lab_config.py")  # noqa: F821  (the settings of `make lab`)

os.environ["JUPYTER_PATH"] = os.pathsep.join(
    [str(Path(__file__).parent), *filter(None, [os.environ.get("JUPYTER_PATH")])]
)  # where the template "aecourse" is found

c.Voila.ip = "127.0.0.1"
c.VoilaConfiguration.template = "aecourse"
c.VoilaConfiguration.theme = "light"
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaConfiguration.allow_theme_override = "NO"
c.VoilaConfiguration.strip_sources = True
c.VoilaConfiguration.file_allowlist = []  # the page needs none of the course's files
c.VoilaConfiguration.extension_allowlist = [  # no others that may be installed: they delay the page
    "@voila-dashboards/widgets-manager8",
    "@jupyter-widgets/jupyterlab-manager",
    "anywidget",
]
