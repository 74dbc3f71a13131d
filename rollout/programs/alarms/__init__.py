"""CloudWatch alarms and a dashboard for both implementations, as plain data: `pools`, `alarms`, `dashboard`.

The ramp doesn't need them. They are for people, and also work while rollout doesn't run.
"""
