"""Prices fruit: three stands, a market that knows them, and a driver that takes the requests."""

from ray import serve
from starlette.requests import Request

from handles import handle

SMALL = {"num_cpus": 0.1}


class Stand:
    def __init__(self):
        self.price = 0

    def reconfigure(self, config):
        """Called with user_config, at the start and whenever a submit changes it."""
        self.price = config["price"]

    def check_price(self, amount):
        return self.price * amount


@serve.deployment(ray_actor_options=SMALL, user_config={"price": 4})
class MangoStand(Stand):
    pass


@serve.deployment(ray_actor_options=SMALL, user_config={"price": 2})
class OrangeStand(Stand):
    pass


@serve.deployment(ray_actor_options=SMALL, user_config={"price": 1})
class PearStand(Stand):
    pass


@serve.deployment(ray_actor_options=SMALL)
class FruitMarket:
    def __init__(self, mango, orange, pear):
        self.stands = {"MANGO": handle(mango), "ORANGE": handle(orange), "PEAR": handle(pear)}

    async def price(self, fruit, amount):
        if fruit not in self.stands:
            return -1
        return await self.stands[fruit].check_price.remote(amount)


@serve.deployment(ray_actor_options=SMALL)
class DAGDriver:
    def __init__(self, market):
        self.market = handle(market)

    async def __call__(self, request: Request):
        fruit, amount = await request.json()
        return await self.market.price.remote(fruit, amount)


deployment_graph = DAGDriver.bind(
    FruitMarket.bind(MangoStand.bind(), OrangeStand.bind(), PearStand.bind())
)
