"""AWS and Pulumi's stacks in memory, behind the Protocols of those who ask: for tests that take milliseconds.

- `world`: one call to a world at a stage; begin here; `parts`: several actors, and the library's door on it for each;
- `account`: what one holds; `aws`: the calls that change it; `load_balancers`, `services`, `access_logs`: clients;
  `clock`: time;
- `backend`: states, histories and locks; `stacks`: a client of them, by `registrations` (what a program wants),
  `planning` (the steps to it), `applying` (what comes of one), `resource_types` and `rule_resources` (what it does);
- `owner`: another tool;
- `calls`: what a client did, and what is to happen around its next calls;
- `metrics_contract`: tests of any source of metrics.

Nothing else of rollout imports this. It leaves out what only the engine, the provider or the network does.
"""
