"""Asking the candidate's functions themselves, before the load balancers send them anything.

`samples` is what each route is asked and what must come back, `report` how an answer is judged, and `run` asks.
"""
