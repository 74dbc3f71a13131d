"""Runs a phase: preflight → preview with a saved plan → policy → gate → `up` bound to that plan → read back.

- `runner`: the whole of it, in order; `run`: what goes from stage to stage; `result`: what it comes to;
- `readiness`, `previews`, `approval`, `applying`, `read_back`: the stages;
- `concurrency`: what other people and a rollback do meanwhile.

The phases themselves are in `migration.phases`; nothing here knows one by its name.
"""
