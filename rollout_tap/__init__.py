"""Records a share of a Lambda function's real requests behind a load balancer, for `rollout parity` to ask again.

    from rollout_tap import tap

    @tap(sink="s3://BUCKET/PREFIX", percent=1)
    def handler(event, context): ...

Without a change of the code: `rollout_tap.handler` as the function's handler, and its own as `ROLLOUT_TAP_HANDLER`. It
needs the standard library alone, and boto3 as Lambda's runtime has it. No fault of it changes an answer.

In the order of a request: `settings` says what is recorded; `recorder` copies, and hands batches to a thread;
`redaction` and `lines` make lines of JSON; `sinks` are where these go.
"""

from __future__ import annotations

from typing import Any

from rollout_tap.wrapping import Handler, named_handler, tap

__all__ = ["Handler", "handler", "tap"]


def __getattr__(name: str) -> Any:
    """Give `handler`: Lambda asks for it once, when it would import the function's own."""
    if name != "handler":
        raise AttributeError(name)
    globals()[name] = made = named_handler()
    return made
