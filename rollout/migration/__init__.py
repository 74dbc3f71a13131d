"""A change from its phase to its read-back.

- `phases`: the phases as data; `desired`: what one wants; `plan`: what the engine would do, in our words;
- `policy`: what a step may do; `gates`: what somebody approves;
- `engine`: runs it all; `rollback`: the way back; `release`: another tool lets go of the rules;
- `pending`, `work_folder`: what a run that was cut off leaves behind, and where plans lie meanwhile.
"""
