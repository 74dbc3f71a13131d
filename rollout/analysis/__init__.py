"""The judgement of two samples that were taken at the same time: legacy's and the candidate's. Pure.

- `streams`: what is judged, counts by minute;
- `defaults`: how much worse the candidate may be, by metric;
- `verdicts`: what comes of it. Nothing leads from the one to the other yet.

numpy takes a while to import, so import this where something is judged.
"""
