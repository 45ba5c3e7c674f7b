"""Answers after as many milliseconds as a request asks for; for drills."""

import asyncio

from ray import serve


@serve.deployment(ray_actor_options={"num_cpus": 0.1})
class Sleeper:
    async def __call__(self, request):
        asked = await request.json()
        await asyncio.sleep(asked["sleep"] / 1000)
        return "ok"


app = Sleeper.bind()
