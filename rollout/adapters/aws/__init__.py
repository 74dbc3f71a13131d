"""AWS over boto3: an adapter a service, behind the Protocols of those who ask; nothing else calls AWS.

- `session`: how AWS is reached, and its failures in our words;
- `alb`: elbv2, with `inspection`, the look behind the rules, and `discovery`, for `rollout init`;
- `cloudwatch`, `log_insights`: metrics, alarms, and cold starts from the functions' logs;
- `functions`, `sns`, `sts`: invoking, telling, and who one is.
"""
