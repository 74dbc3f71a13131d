"""The controller's function: what Lambda calls in its container.

- `handler`: the entry point, an event in, an answer out;
- `project`: gets the project's files from the state's bucket, verifies them and unpacks them.

What is done is in `api.controller_acts` and `ramp.looking`; what installs it is in `programs` and `migration`.
"""
