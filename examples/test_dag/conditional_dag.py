"""Calculates an order of pizzas: add or multiply, by the request's first word."""

from ray import serve
from starlette.requests import Request

from handles import handle

SMALL = {"num_cpus": 0.1}


@serve.deployment(ray_actor_options=SMALL, user_config={"increment": 2})
class Adder:
    def reconfigure(self, config):
        self.increment = config["increment"]

    def add(self, number):
        return number + self.increment


@serve.deployment(ray_actor_options=SMALL, user_config={"factor": 3})
class Multiplier:
    def reconfigure(self, config):
        self.factor = config["factor"]

    def multiply(self, number):
        return number * self.factor


@serve.deployment(ray_actor_options=SMALL)
class create_order:
    def order(self, number):
        return f"{int(number)} pizzas please!"


@serve.deployment(ray_actor_options=SMALL)
class Router:
    def __init__(self, multiplier, adder):
        self.multiplier, self.adder = handle(multiplier), handle(adder)

    async def route(self, operation, number):
        if operation == "ADD":
            return await self.adder.add.remote(number)
        return await self.multiplier.multiply.remote(number)


@serve.deployment(ray_actor_options=SMALL)
class DAGDriver:
    def __init__(self, router, order):
        self.router, self.order = handle(router), handle(order)

    async def __call__(self, request: Request):
        operation, number = await request.json()
        result = await self.router.route.remote(operation, number)
        return await self.order.order.remote(result)


serve_dag = DAGDriver.bind(Router.bind(Multiplier.bind(), Adder.bind()), create_order.bind())
