"""CloudWatch alarms and a dashboard for both implementations, as plain data: `pools`, `alarms`, `dashboard`.

The ramp judges by itself and needs none of it. These are for people, and go on when nobody runs rollout.
"""
