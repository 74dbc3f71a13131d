"""Alarms that go off, as CloudWatch's do, each minute of the sandbox's clock.

- `metric_math`, `evaluation`, `composites`, `reasons`: what an alarm's state is, and why; pure;
- `series`: an alarm's datapoints, of the sandbox's metrics;
- `watch`: evaluates all alarms, and has their actions done; `actions`: what these are.
"""
