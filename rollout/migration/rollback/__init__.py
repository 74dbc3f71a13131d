"""The rollback, which must never fail: docs/decisions/0019 has its promises.

`targets` finds the routes' live rules, `lane` moves one load balancer's rules, and `mover` all of them. `asked` finds
rollbacks that a raise must give way to, `state` updates Pulumi's state, `last_good` keeps the last good inventory, and
`rollback` combines them.
"""
