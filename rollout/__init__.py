"""Move HTTP endpoints on AWS load balancers from one Lambda implementation to another."""
