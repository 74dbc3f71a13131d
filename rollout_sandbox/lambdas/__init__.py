"""Functions that run: the code of their zip or image in processes of their own, with their role's rights.

- `code`, `bootstrap`, `process`: a function's code, what its process runs, and the process; `images`: what images run;
- `functions`: who answers an invocation, a process or a handler of the data plane; `events`: asynchronous invocations,
  with their retries and destinations.
"""
