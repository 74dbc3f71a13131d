"""Whether the world is as it should be, without changing it. Pure.

- `compare`: recorded, live and wanted side by side; `drift` and `status` tell it to people;
- `preflight`, `inspection`: what has to hold before a phase, in the rules and behind them; `report`: all of it at once;
- `ownership`: who else holds the rules; `retiring`: before legacy goes; `deleted_groups`: before groups go, and after.
"""
