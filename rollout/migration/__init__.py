"""A change from its phase to its read-back.

- `phases`: one file each; `context`: a phase's input; `desired`: the wanted splits and program inputs;
- `policy`: what a step may do; `gates`: what is approved;
- `runner`: runs any phase; `rollback`: the way back; `release`: another tool releases the rules;
- `checks`: whether AWS is as the inventory says; `smoke`: whether the candidate answers; `events`: what is reported.
"""
