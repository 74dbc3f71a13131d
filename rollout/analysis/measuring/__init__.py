"""What became of the requests, by AWS's metrics.

- `split`: the measured share beside the live weights;
- `evidence`: a step's minutes for the judge: `pools`, what can be told apart; `tallies`, how it is counted;
  `latency_limits`, when a latency counts as slow;
- `idle`: the proof that nobody needs legacy any more.
"""
