"""AWS over botocore: one adapter per service, behind the callers' Protocols. Nothing else calls AWS.

- `session`: access to AWS, and its failures as errors of rollout;
- `alb`: elbv2, with `inspection`, the checks of target groups and functions, and `discovery`, for `rollout init`;
- `cloudwatch`, `log_insights`: metrics, alarms, and cold starts from the functions' logs;
- `functions`, `function_settings`: invocations, aliases and code; what a bill and concurrency go by;
- `sns`, `sts`: notifications, and the caller's identity.
"""
