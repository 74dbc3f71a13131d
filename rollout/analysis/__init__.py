"""Judges two simultaneous samples: legacy's and the candidate's. Pure.

- `streams`: the judge's input, counts by minute;
- `defaults`: the default margins, by metric;
- `freshness`: whether there is still something to judge;
- `ruling_out`, `pooled`, `dispersion`, `side_by_side`: parts of the evidence;
- `judge`: from streams to verdicts, with
  - `weighing`: the evidence of each stream, from
  - `bets`: bets on each request, and `eprocess`: their product over the minutes;
  - `sentences`: a result as a sentence;
- `by_client`: the same where access logs tell clients apart;
- `verdicts`: the results.

Beside the judge, `cost/` reckons what functions cost, and `headroom` how many of their environments a raise needs, both
with `intervals`.

numpy is slow to import, so import this room only where something is judged.
"""
