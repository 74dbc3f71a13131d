"""Smoke tests: invoke the candidate's functions before the load balancers do.

`samples` has the requests and expected answers, `report` judges an answer, and `run` invokes.
"""
