"""The guard: a function in the account that sends all requests back to legacy when an alarm goes off.

These files are the function's code too: they import only each other, the standard library and the runtime's boto3.

- `state`: what the guard and rollout know of each other, and every change of it; `record`: what one alarm led to;
- `alarm`: CloudWatch's event; `config`: which alarms take which routes back; `table`: how DynamoDB keeps all this;
- `plain`: dataclasses as JSON;
- `rules`: what legacy alone is; `firing`: what becomes of an event, over Protocols; `sentences`: what people are told;
- `aws`: the Protocols over boto3; `handler`: the function's entry point; `heartbeat`: what a running ramp writes.
"""
