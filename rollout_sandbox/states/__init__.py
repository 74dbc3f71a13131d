"""Step Functions in memory and on any clock: state machines as the Amazon States Language describes them.

It knows standard executions, JSONPath, and the states Pass, Task, Choice (`IsPresent`), Map (inline), Succeed and Fail,
with Retry, Catch, time-outs, heartbeats and task tokens. What it doesn't know it refuses before an execution begins.
An execution's history has AWS's events, and ends like AWS's at 25,000 of them.

- `language`: which states, and which of their fields; `paths`: paths, payload templates and intrinsic functions;
- `tasks`: one attempt of a task, its token and its retries; `branches`: states one after the other, and side by side;
- `executions`: the service's calls; `timeline`: time that passes only by what is due.

https://states-language.net/spec.html
"""
