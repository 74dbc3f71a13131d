"""What functions cost: legacy beside the candidate. Pure, but for a file of prices in the package.

- `prices`: list prices by region, and an environment's own;
- `usage`: what functions used, from CloudWatch's points;
- `ledger`: what that costs, and what the move saves; `words`: the same in sentences.
"""
