"""A migration cell by cell, on a local AWS: VS Code, Spyder and Jupytext run each `# %%` separately.

The last cell stops it. Without `sandbox=aws` the same code runs on AWS.
"""

# %% A local AWS, before phase 1
from pathlib import Path
from tempfile import TemporaryDirectory

from rollout import Request, Rollout
from rollout.migration.events import WeightSet
from rollout_sandbox import Sandbox
from rollout_sandbox.load import Load, by_route, endpoints_of
from rollout_sandbox.story import seed

seen = []
folder = TemporaryDirectory()
aws = Sandbox.start(Path(folder.name))
production = Rollout.load("stacks.toml", sandbox=aws, on_event=seen.append).environment("production")
seed(production.inventory, aws, seen.append)

# %% Preview phase 1
preview = production.preview("phase1")
for stack in preview.gate.previews:
    print(stack.stack, [(change.op.value, change.type) for change in stack.changes])

# %% Build the candidate, and cut over
production.phase1(approve=True)
production.phase2(approve=True)

# %% A fifth of the requests
production.set_weight(20, approve=True, save=False)
print(*(event for event in seen if isinstance(event, WeightSet)), sep="\n")

# %% Which function answers?
with Load(endpoints_of(production.inventory, aws), rate=50) as load:
    load.wait(300)
for route, tally in by_route(load.answers).items():
    print(f"{route:24} {tally.requests:4} requests, {tally.lost} lost: {dict(tally.by)}")

# %% Where does a request go, now and at 60 %?
request = Request.of("GET", "/v2/stamps/7/score/0xA")
for answer in (*production.traffic.explain(request), *production.traffic.explain(request, after=60)):
    print(answer.load_balancer, [(share.target_group, str(share.percent)) for share in answer.shares])

# %% Roll back, and stop
print(production.rollback(save=False).moved)
aws.stop()
folder.cleanup()
