"""A ramp: a series of weights, each watched and judged before the next.

- `settings`: what stacks.toml says of it, `[ramp]`, `[analysis]` and `[notifications]`;
- `journal`: what was done and said, in the messages of Pulumi's history;
- `standing`: where a ramp is, by the live weights and the journal;
- `decide`: what is due now; `windows`: when a weight may rise;
- `runner`: does it.
"""
