"""Are the answers of both implementations the same? Asked before any request moves. Pure but for its ports.

`sources/` has the requests, `run` asks both functions, `comparing/` finds differences, `noise` knows those that legacy
has with itself, and `verdict` says how often the candidate differs at most.
"""
