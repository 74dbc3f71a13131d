"""The load balancers' data plane: local listeners that answer HTTP like an Application Load Balancer.

- `plane`: the listeners of all load balancers, in one thread; `listener`: what one of them does with a request;
- `rules`: moto's listeners as immutable snapshots; `matching`: conditions; `stickiness`: AWSALBTG cookies;
- `steps`: what comes before a rule's last action, at its `entrance`: `logins`, and `bearers` whose tokens' keys are in
  `jwks`; `rewrites`: transforms;
- `lambda_events`: a request as a function's event, and an answer checked; `targets`: a function's
  builds; `functions`: who answers, and how well;
- `relay`: targets that are addresses of this machine;
- `profiles` and `addresses`: what a user says and sees of it.

moto and aiohttp take a while to import, so `profiles` and `addresses` do without.
"""
