"""A small server in the engine's place, for faults that the real one cannot be made to show on demand.

    python -m tests.serve.stub_engine --uds SOCKET [--orphan]

What an answer does is chosen by the request's `model`, or by `StubEngine.fault`. Like vLLM it has a child process (which, with
--orphan, is in a process group of its own), and its /health says 200 whatever happens.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys

from aiohttp import web

PIECE = 'data: {"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
LAST = (
    'data: {"id":"a","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
DONE = "data: [DONE]\n\n"
WHOLE = PIECE % "Box 4, " + PIECE % "folder 2 — “é”." + LAST + USAGE + DONE
MANY = 3_000


class StubEngine:
    """The server's state: what it counts, and how many of its answers are being written.

    `names` is what it serves, the base first. With `effects` it knows those versions only, loads one when
    first asked for it, and its log-probabilities differ by so much from the base's. `fault` is what every
    chat does, whatever its model; a `hung` engine answers nothing that takes a token. `words` is what a
    version writes in the place of the box.
    """

    def __init__(self, effects: dict[str, float] | None = None) -> None:
        self.names = ["base", "letters"] if effects is None else ["base"]
        self.effects = effects
        self.fault = ""
        self.hung = False
        self.silent = False
        self.started = 1.0
        self.running = 0
        self.tokens = 0
        self.aborted = 0
        self.words: dict[str, str] = {}
        self.bodies: list[dict[str, object]] = []
        self.probed: list[str] = []
        self.probing = 0
        self.most_probing = 0

    def app(self) -> web.Application:
        """The routes of vLLM that are used."""
        app = web.Application()
        app.router.add_get("/health", self.health)
        app.router.add_get("/metrics", self.metrics)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/completions", self.complete)
        return app

    async def health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def models(self, request: web.Request) -> web.Response:
        if self.silent:
            await asyncio.sleep(60)
        base, *rest = self.names
        cards = [{"id": base, "max_model_len": 4096, "root": "/srv/x"}]
        return web.json_response({"data": cards + [{"id": name, "parent": base} for name in rest]})

    async def metrics(self, request: web.Request) -> web.Response:
        return web.Response(
            text=f'# HELP x\nvllm:num_requests_running{{engine="0"}} {float(self.running)}\n'
            f'vllm:generation_tokens_total{{engine="0"}} {float(self.tokens)}\n'
            f"process_start_time_seconds {self.started}\n"
        )

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        model = self.fault or body["model"]
        if not self.knows(body["model"]):
            return error(404, f"The model `{model}` does not exist.", "model")
        if model.isdigit():
            return error(int(model), "No room in /srv/models/reader/weights.bin\nnor elsewhere")
        if model == "not-json":
            return web.Response(status=500, text="<html>oops</html>")
        if model == "drop-before":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self.running += 1
        try:
            if model == "silent" or self.hung:
                await asyncio.sleep(60)
            await response.prepare(request)
            await self.write(model, response, request)
        except (ConnectionError, asyncio.CancelledError):
            self.aborted += 1
            raise
        finally:
            self.running -= 1
        return response

    async def complete(self, request: web.Request) -> web.Response:
        """One next token for each prompt: token 7, as likely as `effects` makes it."""
        body = await request.json()
        model = body["model"]
        if self.hung:
            await asyncio.sleep(60)
        if not self.knows(model):
            return error(404, f"The model `{model}` does not exist.", "model")
        if model not in self.names:
            self.names.append(model)
        if model != self.names[0]:
            self.probed.append(model)
            self.probing += 1
            self.most_probing = max(self.most_probing, self.probing)
            await asyncio.sleep(0.01)
            self.probing -= 1
        self.tokens += 1
        prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
        ranked = {"token_id:7": -1.0 - (self.effects or {}).get(model, 0.0), "token_id:8": -9.0}
        choices = [
            {"index": index, "text": "", "logprobs": {"top_logprobs": [ranked]}}
            for index in range(len(prompts))
        ]
        return web.json_response({"choices": choices})

    def knows(self, model: str) -> bool:
        """Whether it has or can load what `model` names."""
        return self.effects is None or model in self.names or model in self.effects

    async def write(self, model: str, response: web.StreamResponse, request: web.Request) -> None:
        """The body of one answer."""
        match model:
            case "half" | "drop-first":
                if model == "half":
                    await response.write((PIECE % "Box").encode())
                    await asyncio.sleep(0.05)
                assert request.transport is not None
                request.transport.abort()
            case "no-done":
                await response.write((PIECE % "Box").encode())
            case "error-inside":
                await response.write((PIECE % "Box").encode())
                await response.write(
                    b'data: {"error":{"message":"EngineCore died","code":500}}\n\n' + DONE.encode()
                )
            case "error-first":
                await response.write(b'data: {"error":{"message":"too long","code":400}}\n\n' + DONE.encode())
            case "hang":
                await response.write((PIECE % "Box").encode())
                await asyncio.sleep(3600)
            case "bytes":
                for byte in WHOLE.encode():
                    await response.write(bytes([byte]))
                    await asyncio.sleep(0)
            case "crlf":
                await response.write(WHOLE.replace("\n", "\r\n").encode())
            case "comments":
                await response.write((": keep-alive\n\n" + WHOLE.replace("data: ", "data:")).encode())
            case "endless":
                while True:
                    self.tokens += 1
                    await response.write((PIECE % "word ").encode())
                    await asyncio.sleep(0.01)
            case "many":
                for number in range(MANY):
                    await response.write((PIECE % number).encode())
                    await asyncio.sleep(0)  # so that each is read alone
                await response.write(DONE.encode())
            case _:
                self.tokens += 2
                whole = WHOLE.replace("Box 4, ", self.words[model]) if model in self.words else WHOLE
                await response.write(whole.encode())


def error(status: int, message: str, param: str | None = None) -> web.Response:
    """An error as vLLM answers it."""
    told = {"message": message, "type": "x", "param": param, "code": status}
    return web.json_response({"error": told}, status=status)


def main() -> None:
    """Serve on the socket until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uds", required=True)
    parser.add_argument("--orphan", action="store_true")
    arguments = parser.parse_args()
    sys.stderr.write("the stub starts\n")
    sleeping = [sys.executable, "-c", "import time; time.sleep(3600)  # as VLLM::EngineCore"]
    left_behind = subprocess.Popen(sleeping, process_group=0 if arguments.orphan else None)
    web.run_app(StubEngine().app(), path=arguments.uds, print=None, handler_cancellation=True)
    assert left_behind.poll() is None
    os._exit(0)  # it does not end its child: whoever started it must


if __name__ == "__main__":
    main()
