"""Who can reach what the course serves: JupyterLab, the demo board, a class; and that no file is run as code."""

from __future__ import annotations

import ast
import contextlib
import http.client
import io
import json
import os
import random
import stat
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import psutil
import pytest
from browser.lab import free_port, running
from helpers.paths import ROOT
from traitlets.config import Config, PyFileConfigLoader
from trust.rows import Row, row

from aecourse.publisher import serve

SECRET = "what nobody may read"
EVIL = "http://evil.example"
NOTEBOOK = "notebooks/00_start_here.ipynb"
DOTS = ("..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "....", "%c0%ae%c0%ae", "..%5c", "..;", "%ed%a0%80", ".")
SLASHES = ("/", "%2f", "\\", "%5c", "//", "%252f", "/./")


@dataclass
class Answer:
    """What a server says."""

    status: int
    headers: http.client.HTTPMessage
    text: str


def ask(port: int, path: str, method: str = "GET", *, host: str = "", **headers: str) -> Answer:
    """One request to this machine, its path and its Host as they are given; words_with_lines become header names."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.putrequest(method, "PATH", skip_host=True)
        connection._buffer[0] = f"{method} {path} HTTP/1.1".encode()  # http.client would refuse some of these
        body = b'{"type": "file", "format": "text", "content": "mine"}' if method in ("POST", "PUT", "PATCH") else b""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Host": host or f"127.0.0.1:{port}", "Content-Length": str(len(body))} | named).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode("utf-8", "replace"))


def wrong(what: str, answer: Answer, *statuses: int) -> str | None:
    """None if an answer has one of these statuses, gives nothing away, and lets no other page read it."""
    given = SECRET in answer.text or "Access-Control-Allow-Origin" in answer.headers
    return None if answer.status in statuses and not given else f"{what}: {answer.status} {answer.text[:80]!r}"


def ways_up(count: int, start: str = "") -> Iterator[str]:
    """Random paths that try to lead out of a folder, to the secret beside it or to a file of the system."""
    rng = random.Random(0)
    for _ in range(count):
        steps = [rng.choice(DOTS) + rng.choice(SLASHES) for _ in range(rng.randrange(1, 9))]
        begin = rng.choice(("/", "//", "/explorers/", "/notebooks/", "/%2f", "/C:/", "/file:///"))
        yield (
            start + begin + "".join(steps) + rng.choice(("secret.txt", "etc/passwd", "/etc/passwd", "aecourse/cli.py"))
        )


def listening(process: psutil.Process) -> set[str]:
    """The addresses on which a process and those below it listen."""
    addresses = set()
    for member in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # a child that has ended meanwhile listens nowhere
            connections = member.net_connections("tcp")
            addresses |= {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
    return addresses


# The demo board


@contextlib.contextmanager
def demo() -> Iterator[tuple[ThreadingHTTPServer, Path]]:
    """`aecourse demo` on a folder that holds a board, with the secret beside it."""
    made, ready = [], threading.Event()

    def make(*arguments) -> ThreadingHTTPServer:
        made.append(ThreadingHTTPServer(*arguments))
        ready.set()
        return made[0]

    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()) as complaints:
        folder = Path(name, "site")
        (folder / "explorers").mkdir(parents=True)
        (folder / "board.html").write_text("the board")
        (folder / "explorers" / "a.js").write_text("a script")
        Path(name, "secret.txt").write_text(SECRET)
        with mock.patch.multiple(serve, ThreadingHTTPServer=make, is_fresh=lambda _: True):
            arguments = ["--no-browser", "--port=0", f"--to={folder}"]
            server = threading.Thread(target=serve.main, args=(arguments,), daemon=True)
            server.start()
            assert ready.wait(30)
            yield made[0], folder
            made[0].shutdown()
            server.join()
            made[0].server_close()
        assert not complaints.getvalue(), complaints.getvalue()


def static_files(count: int) -> Row:
    """What the server of the demo board gives away."""
    with demo() as (server, folder):
        port = server.server_port
        outcomes = [None if server.server_address[0] == "127.0.0.1" else f"listens on {server.server_address}"]
        for path, words in (("/board.html", "the board"), ("/explorers/a.js?x", "a script")):
            for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
                answer = ask(port, path, host=host)
                outcomes.append(None if answer.text == words else f"{path} is not served: {answer}")
        assert ask(port, "/board.html", "HEAD").text == ""
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"):
            outcomes.append(wrong(method, ask(port, "/board.html", method), 501, 405))
        for path in (
            "/",
            "/explorers/",
            "/no.html",
            "/%00",
            "/board.html%00",
            "/%ed%a0%80",
            "/" + "a" * 9_999,
        ):
            outcomes.append(wrong(path[:20], ask(port, path), 404))
        for host in (
            "evil.example",
            f"evil.example:{port}",
            "[::1",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "-",
        ):
            outcomes.append(wrong(f"Host {host}", ask(port, "/board.html", host=host), 403, 404))
        for origin in (EVIL, "null", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"):
            outcomes.append(wrong(f"Origin {origin}", ask(port, "/board.html", Origin=origin), 403))
        for path in ways_up(count):
            answer = ask(port, path)
            outcomes.append(wrong(path, answer, 404, 400) if answer.status != 301 else elsewhere(path, answer))
        outcomes.append(None if (folder / "board.html").read_text() == "the board" else "the board was changed")
    return row(
        "Security",
        "the demo board's server: paths that lead out, other methods, folders, foreign Host and Origin headers",
        "it listens on loopback, serves its own files to pages of this machine, by GET and HEAD, and refuses all else",
        outcomes,
    )


def elsewhere(path: str, answer: Answer) -> str | None:
    """None if a redirection stays on this server."""
    to = answer.headers["Location"]
    return None if to.startswith("/") and not to.startswith("//") else f"{path} leads to {to}"


def test_static_files():
    """Three hundred ways up."""
    static_files(300).check()


# JupyterLab


@dataclass
class Lab:
    """A JupyterLab that runs."""

    port: int
    token: str
    process: psutil.Process
    folder: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """As somebody with the token."""
        return ask(self.port, path, method, Authorization=f"token {self.token}", **headers)


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """`aecourse lab` without a browser; the secret lies beside the folder that it opens."""
    with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ):
        home, port = Path(name), free_port()
        os.environ.pop("JUPYTER_TOKEN", None)
        folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR", "LAB_SETTINGS_DIR", "LAB_WORKSPACES_DIR")
        environment = {
            f"JUPYTER{'' if part.startswith('LAB') else '_'}{part}": str(home / part.lower()) for part in folders
        }
        (home / "secret.txt").write_text(SECRET)
        command = ["aecourse", "lab", "--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
        with running(command, f"http://127.0.0.1:{port}/api", environment, log=home / "log", cwd=home):
            (note,) = (home / "runtime_dir").glob("jpserver-*.json")
            known = json.loads(note.read_text())
            yield Lab(port, known["token"], psutil.Process(known["pid"]), home / "work")


INTERFACES = (
    *("/api/contents", f"/api/contents/{NOTEBOOK}", f"/files/{NOTEBOOK}", "/api/kernels", "/api/sessions"),
    *(
        "/api/terminals",
        "/api/kernelspecs",
        "/api/config/x",
        "/api/me",
        f"/nbconvert/html/{NOTEBOOK}",
        "/lab/api/settings",
    ),
    *("/lab/api/workspaces", "/lab", f"/api/contents/{NOTEBOOK}/checkpoints"),
)
CHANGES = (
    *(("POST", "/api/kernels"), ("POST", "/api/terminals"), ("POST", "/api/sessions"), ("POST", "/api/shutdown")),
    *(("POST", "/api/contents"), ("PUT", "/api/contents/mine.txt"), ("PUT", f"/api/contents/{NOTEBOOK}")),
    *(("DELETE", f"/api/contents/{NOTEBOOK}"), ("PATCH", f"/api/contents/{NOTEBOOK}")),
)
SOCKET = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": "eHh4eHh4eHh4eHh4eHh4eA==",
          "Sec_WebSocket_Version": "13"}  # fmt: skip


def jupyter(count: int) -> Row:
    """What JupyterLab's server, as `aecourse lab` starts it, answers to strangers."""
    outcomes = []
    with lab() as course:
        before = (course.folder / NOTEBOOK).read_bytes()
        kernel = json.loads(course.ask("/api/kernels", "POST").text)["id"]
        channels = f"/api/kernels/{kernel}/channels"
        addresses = listening(course.process)
        outcomes.append(None if addresses == {"127.0.0.1"} else f"listens on {addresses}")
        outcomes.append(None if len(course.token) >= 32 else f"the token has {len(course.token)} characters")

        def session() -> str:
            """The cookie of a browser that was let in."""
            cookies = ask(course.port, f"/lab?token={course.token}").headers.get_all("Set-Cookie")
            return "; ".join(cookie.split(";")[0] for cookie in cookies)

        # strangers: without a token, with a wrong one
        for headers in ({}, {"Authorization": "token " + "0" * 48}, {"Cookie": f"username-127-0-0-1-{course.port}=x"}):
            for path in (*INTERFACES, f"/api/kernels/{kernel}"):
                answer = ask(course.port, path, **headers)
                outcomes.append(
                    wrong(path, answer, 403)
                    if answer.status != 302
                    else None
                    if answer.headers["Location"].startswith("/login?")
                    else f"{path}: {answer}"
                )
            for method, path in CHANGES:
                outcomes.append(wrong(f"{method} {path}", ask(course.port, path, method, **headers), 403))
            outcomes.append(wrong("a socket", ask(course.port, channels, **SOCKET, **headers), 403))
        # another page in the browser of somebody who was let in: his cookie goes with it
        cookie = session()
        assert ask(course.port, "/api/contents", Cookie=cookie).status == 200
        for headers in ({"Cookie": cookie, "Origin": EVIL}, {"Cookie": cookie, "Origin": "null"}):
            for path in ("/api/contents", f"/api/contents/{NOTEBOOK}", "/api/kernels", "/api/terminals"):
                outcomes.append(wrong(f"{path} of another page", ask(course.port, path, **headers), 403, 404))
            for method, path in CHANGES:
                outcomes.append(
                    wrong(f"{method} {path} of another page", ask(course.port, path, method, **headers), 403, 404)
                )
            outcomes.append(wrong("another page's socket", ask(course.port, channels, **SOCKET, **headers), 403))
        for method, path in CHANGES:  # by a form, which names no origin
            outcomes.append(wrong(f"{method} {path} of a form", ask(course.port, path, method, Cookie=cookie), 403))
        # a foreign name that was bound to this machine
        for path in (*INTERFACES, "/login", channels):
            outcomes.append(wrong(f"{path} of a foreign host", course.ask(path, host="evil.example"), 403))
        # out of the folder, with the token
        for path in ways_up(count, "/files"):
            answer = course.ask(path)
            outcomes.append(f"{path}: {answer}" if SECRET in answer.text or "root:" in answer.text else None)
        for path in ways_up(count, "/api/contents"):
            answer = course.ask(path)
            outcomes.append(f"{path}: {answer}" if SECRET in answer.text or "root:" in answer.text else None)
        alive = [one["id"] for one in json.loads(course.ask("/api/kernels").text)]
        untouched = (course.folder / NOTEBOOK).read_bytes() == before and not (course.folder / "mine.txt").exists()
        outcomes.append(None if alive == [kernel] and untouched else "a stranger has changed something")
    return row(
        "Security",
        "JupyterLab: its interfaces without a token, from another page, under a foreign name; paths that lead out",
        "it and its kernels listen on loopback; 403 or the login page; nothing outside the folder is read",
        outcomes,
    )


@pytest.mark.slow
def test_jupyter():
    """With a server and a kernel of its own."""
    jupyter(60).check()


# A class


def hub(folder: Path) -> Config:
    """The configuration of `aecourse class`, as JupyterHub loads it."""
    settings = {"AECOURSE_CLASS": str(folder), "AECOURSE_PASSWORD": "eight digits", "AECOURSE_PORT": str(free_port())}
    with mock.patch.dict(os.environ, settings), contextlib.redirect_stdout(io.StringIO()):
        os.environ.pop("AECOURSE_STUDENTS", None)
        return PyFileConfigLoader(str(ROOT / "aecourse/assets/jupyter/jupyterhub_config.py")).load_config()


LETTERS = (
    "ada",
    "Bo",
    "李",
    "é",
    "-",
    "_",
    "0",
    "..",
    ".",
    "/",
    "\\",
    "~",
    "\0",
    " ",
    "\n",
    "%2e",
    "{username}",
    "$HOME",
    "İ",
    "'",
)


def class_folders(count: int) -> Row:
    """Random names at the hub's login: each is refused, or gets a folder of its own among the students'."""
    from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "class")
        config = hub(folder)
        authenticator = SharedPasswordAuthenticator(config=config)
        template, owners = config.SimpleLocalProcessSpawner.home_dir_template, {}

        def trial(_: int) -> str | None:
            student = authenticator.normalize_username("".join(rng.choices(LETTERS, k=rng.randrange(1, 5))))
            if not authenticator.validate_username(student):
                return None
            home = Path(template.format(username=student))
            alone = owners.setdefault(home.resolve(), student) == student
            return (
                None if home.resolve().parent == (folder / "students").resolve() and alone else f"{student!r}: {home}"
            )

        outcomes = [trial(number) for number in range(count)]
        mode = stat.S_IMODE(folder.stat().st_mode)
        outcomes.append(None if os.name != "posix" or mode == 0o700 else f"other system users may open it: {mode:o}")
    return row(
        "Security",
        "a class: names at its login that would lead out of its folder, or into that of another",
        "refused, or one folder for each among the students'; they share one system user, as the guide says",
        outcomes,
    )


def test_class_folders():
    """What else the hub must do stands in tests/classroom/test_hub.py."""
    class_folders(500).check()


# Code


FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib.load"}


def suspicious(node: ast.AST) -> str:
    """What of a line could run what a file says, or ""."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {node.module} if isinstance(node, ast.ImportFrom) else {alias.name for alias in node.names}
        return ", ".join(f"imports {name}" for name in names if (name or "").split(".")[0] in FORBIDDEN)
    if not isinstance(node, ast.Call):
        return ""
    called, options = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
    if called in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "tempfile.mktemp", "yaml.load"):
        return f"calls {called}"
    if called.rpartition(".")[2] == "load" and called.startswith("torch") and options.get("weights_only") != "True":
        return "calls torch.load without weights_only=True"
    if options.get("allow_pickle", "False") != "False" or options.get("shell", "False") != "False":
        return f"calls {called} with {options}"
    if called.endswith("Environment") and "jinja2" in called and options.get("autoescape") != "True":
        return "makes pages without escaping"
    return ""


def no_code_in_files(count: int) -> Row:
    """Every line of the package, read as a tree; `count` is not used: all of them are read."""
    outcomes = []
    for path in sorted((ROOT / "aecourse").rglob("*.py")):
        found = [
            (node.lineno, what) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if (what := suspicious(node))
        ]
        outcomes.append(f"{path.relative_to(ROOT)}: {found}" if found else None)
    return row(
        "Security",
        "every module of the package: pickle, torch.load, NumPy's pickles, eval, exec, shells, pages without escaping",
        "none of them is used: what a file or a person says is never run",
        outcomes,
    )


def test_no_code_in_files():
    """And the reader finds each."""
    no_code_in_files(1).check()
    for line in (
        "import pickle", "from pickle import loads", "eval(x)", "torch.load(f)", "torch.load(f, weights_only=False)",
        "np.load(f, allow_pickle=True)", "run(x, shell=True)", "jinja2.Environment(loader=x)", "import os, shelve",
    ):  # fmt: skip
        assert any(suspicious(node) for node in ast.walk(ast.parse(line))), line
    for line in ("re.compile(x)", "model.eval()", "np.load(f)", "torch.load(f, weights_only=True)", "json.load(f)"):
        assert not any(suspicious(node) for node in ast.walk(ast.parse(line))), line
