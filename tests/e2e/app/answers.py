"""An application that answers much, bit by bit, or not at all in plain HTTP; for tests."""

import asyncio
import logging

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from ray import serve

api = FastAPI()
logger = logging.getLogger("ray.serve")


@serve.deployment(ray_actor_options={"num_cpus": 0.1})
@serve.ingress(api)
class Answers:
    def __init__(self):
        self.may_go_on = asyncio.Event()

    def reconfigure(self, config):
        """Takes any user_config."""

    @api.get("/lines/{count}")
    async def lines(self, count: int):
        text = "".join(f"line {number:07}\n" for number in range(count))
        return PlainTextResponse(text)

    @api.post("/length")
    async def length(self, request: Request):
        return len(await request.body())

    @api.get("/stream")
    async def stream(self):
        async def pieces():
            yield "data: first\n"
            await self.may_go_on.wait()
            yield "data: last\n"

        return StreamingResponse(pieces(), media_type="text/event-stream")

    @api.post("/go-on")
    async def go_on(self):
        self.may_go_on.set()

    @api.post("/log/{count}")
    async def log(self, count: int):
        for number in range(count):
            logger.info("noise %07d", number)

    @api.websocket("/chat")
    async def chat(self, socket: WebSocket):
        await socket.accept()
        await socket.send_text("hello")


app = Answers.bind()
