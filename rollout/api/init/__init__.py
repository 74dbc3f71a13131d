"""A first stacks.toml from an account's load balancers.

`selection` reads which listeners and rules the user means, and `answers` what AWS doesn't know; `names` generates
valid names; `draft` combines all that; `text` formats it, with comments; `writing` writes the file and never replaces
another one.
"""
