"""What watches both implementations on CloudWatch, as plain data: `pools` of routes, their `alarms`, the `dashboard`.

The ramp judges by itself and needs none of it. These are for people, and go on when nobody runs rollout.
"""
