"""Load: requests of many clients to the sandbox's load balancers, with a record of each answer.

- `endpoints`: what an inventory's routes are asked for, and who may answer;
- `clients`: who asks, with cookies or without, or a population of heavy and light clients; `sources`: from where;
- `generator`: when, whatever the answers do;
- `answers`: what came of it.

aiohttp takes a while to import, so import this where requests are sent.
"""

from rollout_sandbox.load.answers import Answer, Endpoint, Tally, Verdict, binomial_interval, by_route, tally
from rollout_sandbox.load.clients import Population
from rollout_sandbox.load.endpoints import endpoints_of
from rollout_sandbox.load.generator import Load

__all__ = [
    "Answer",
    "Endpoint",
    "Load",
    "Population",
    "Tally",
    "Verdict",
    "binomial_interval",
    "by_route",
    "endpoints_of",
    "tally",
]
