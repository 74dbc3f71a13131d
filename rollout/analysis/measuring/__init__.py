"""Measures requests with AWS's metrics and load balancers' access logs.

- `split`: the measured share and the live weights;
- `evidence`: a step's minutes for the judge, from `pools` (routes that are measured together), `tallies` (how metrics
  are counted) and `latency_limits` (when a latency counts as slow);
- `client_evidence`: a step's clients, from access logs (`logged_balancers` that write them) that agree with CloudWatch;
- `clients`: clients in access logs, as windows for the judge, from `client_minutes` and `access_log` (a line);
- `idle`: the check that legacy is idle.
"""
