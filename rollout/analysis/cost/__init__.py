"""What functions cost: legacy beside the candidate. Pure, but for a file of prices in the package.

- `prices`: list prices by region, and an environment's own;
- `usage`: what functions used, from CloudWatch's points;
- `intervals`: a ratio over periods, with its 95 % interval;
- `ledger`: what that costs, and what the move saves.
"""
