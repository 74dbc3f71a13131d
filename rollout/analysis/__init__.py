"""The judgement of two samples that were taken at the same time: legacy's and the candidate's. Pure.

- `streams`: what is judged, counts by minute;
- `defaults`: how much worse the candidate may be, by metric;
- `judge`: the way from the one to the other, by
  - `weighing`: the evidence of each stream, from
  - `bets`: bets on each request, and `eprocess`: what they come to over the minutes;
  - `sentences`: a finding in words;
- `verdicts`: what comes of it.

numpy takes a while to import, so import this where something is judged.
"""
