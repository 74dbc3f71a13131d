"""The ramp: a series of weights, each watched and judged before the next."""
