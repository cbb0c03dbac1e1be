"""The slider without a browser: the messages a page sends, through the hub's proxy, until the kernel has heard them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect


class Wire:
    """A connection to one student's kernel, as JupyterLab opens it."""

    def __init__(self, address: str, kernel: str, cookie: str) -> None:
        self.url = f"{address.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
        self.cookie = cookie

    async def open(self) -> None:
        """Connect, and ask the kernel for the name of its explorer."""
        request = HTTPRequest(self.url, headers={"Cookie": self.cookie})
        self.socket = await websocket_connect(request, max_message_size=2**26)
        ask = {"code": "", "silent": True, "user_expressions": {"explorer": "explorer.model_id"}}
        answer = await self._exchange("execute_request", ask, lambda message: message["msg_type"] == "execute_reply")
        self.explorer = answer["content"]["user_expressions"]["explorer"]["data"]["text/plain"].strip("'")

    async def move(self, k: int) -> float:
        """Tell the kernel where the slider stands, wait until it has heard; milliseconds."""
        change = {"method": "update", "state": {"k": k}, "buffer_paths": []}
        started = time.perf_counter()
        await self._exchange("comm_msg", {"comm_id": self.explorer, "data": change}, _is_idle)
        return 1000 * (time.perf_counter() - started)

    async def _exchange(self, kind: str, content: dict, wanted) -> dict:
        """Send one message and read on until an answer to it is the one wanted."""
        header = {
            "msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "trial", "username": "", "version": "5.3",
            "date": "2000-01-01T00:00:00Z",
        }  # fmt: skip
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.socket.write_message(json.dumps(message))
        while True:
            answer = await self.socket.read_message()
            if answer is None:
                raise ConnectionError("the kernel's connection was closed")
            if isinstance(answer, bytes):  # raw buffers, none of them ours
                continue
            answer = json.loads(answer)
            if answer["parent_header"].get("msg_id") == header["msg_id"] and wanted(answer):
                return answer


def _is_idle(message: dict) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


async def drive(wires: list[Wire], *, pace: float, seconds: float) -> tuple[list[float], float]:
    """Move all sliders at once, each every `pace` seconds: (milliseconds of every answer, answers a second)."""
    answers: list[float] = []
    started = time.monotonic()

    async def one(wire: Wire) -> None:
        due = started
        for k in itertools.cycle(range(1, 65)):
            if time.monotonic() > started + seconds:
                return
            answers.append(await asyncio.wait_for(wire.move(k), 10))
            due = max(due + pace, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    await asyncio.gather(*map(one, wires))
    return answers, len(answers) / (time.monotonic() - started)
