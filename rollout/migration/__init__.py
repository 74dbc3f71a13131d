"""A change from its phase to its read-back.

- `phases`: one file each; `context`: what one starts from; `desired`: what several want alike;
- `policy`: what a step may do; `gates`: what somebody approves;
- `runner`: runs any of them; `rollback`: the way back; `release`: another tool lets go of the rules;
- `checks`: whether the world is as it should be; `smoke`: whether the candidate answers; `events`: what is told.
"""
