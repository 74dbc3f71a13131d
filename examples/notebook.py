"""A migration cell by cell, on an AWS of this machine: VS Code, Spyder and Jupytext run each `# %%` by itself.

The last cell stops it. Without `sandbox=aws` it's the same on AWS.
"""

# %% An AWS of this machine, as it is before rollout comes
from pathlib import Path
from tempfile import TemporaryDirectory

from rollout import Request, Rollout
from rollout.migration.events import WeightSet
from rollout_sandbox import Sandbox
from rollout_sandbox.load import Load, by_route, endpoints_of
from rollout_sandbox.story import seed

told = []
folder = TemporaryDirectory()
aws = Sandbox.start(Path(folder.name))
production = Rollout.load("stacks.toml", sandbox=aws, on_event=told.append).environment("production")
seed(production.inventory, aws, told.append)

# %% What would phase 1 do?
shown = production.preview("phase1")
for stack in shown.gate.previews:
    print(stack.stack, [(change.op.value, change.type) for change in stack.changes])

# %% Build the candidate, and cut over
production.phase1(approve=True)
production.phase2(approve=True)

# %% A fifth of the requests
production.set_weight(20, approve=True, save=False)
print(*(event for event in told if isinstance(event, WeightSet)), sep="\n")

# %% Who answers?
with Load(endpoints_of(production.inventory, aws), rate=50) as load:
    load.wait(300)
for route, tally in by_route(load.answers).items():
    print(f"{route:24} {tally.requests:4} requests, {tally.lost} lost: {dict(tally.by)}")

# %% Where does this one go, and where at 60 %?
asked = Request.of("GET", "/v2/stamps/7/score/0xA")
for found in (*production.traffic.explain(asked), *production.traffic.explain(asked, after=60)):
    print(found.load_balancer, [(share.target_group, str(share.percent)) for share in found.shares])

# %% Back, and the end
print(production.rollback(save=False).moved)
aws.stop()
folder.cleanup()
