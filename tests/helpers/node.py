"""JavaScript without a browser, in the Node that comes with Playwright."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import playwright

NODE = Path(playwright.__file__).parent / "driver" / "node"


def call(function: str, given: object) -> object:
    """What a JavaScript function, given as text, returns; it may be async, and its `window` is the global object."""
    program = f"""globalThis.window = globalThis;
      const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
      Promise.resolve(({function})(given)).then((found) => process.stdout.write(JSON.stringify(found)));"""
    ran = subprocess.run(
        [NODE, "-e", program], input=json.dumps(given), capture_output=True, text=True, encoding="utf-8"
    )
    assert ran.returncode == 0, "\n".join(line[:300] for line in ran.stderr.splitlines())
    return json.loads(ran.stdout)
