"""What listener rules ask of a request and whom they give it to. Pure.

- `overlaps`: what two routes share;
- `weights`, `stickiness`: shares as an ALB has them, and what cookies make of them;
- `overrides`, `header_rules`: the rules by which a header picks the implementation, as wanted and as found;
- `explain`: where one request goes and why; `alb_event`: that request as a function gets it.
"""
