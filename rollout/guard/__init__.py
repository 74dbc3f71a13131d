"""The guard: a function in the account that sends all requests back to legacy when an alarm goes off.

These files are the function's code too: they import only each other, the standard library and the runtime's boto3.

- `state`: what the guard and rollout know of each other, and every change of it; `record`: what one alarm led to;
- `alarm`: CloudWatch's event; `config`: which alarms take which routes back; `table`: how DynamoDB keeps all this;
- `plain`: dataclasses as JSON.
"""
