"""Checks AWS and the states, without changing them. Pure.

- `compare`: recorded, live and wanted; `drift` and `status` report the differences;
- `preflight`, `inspection`: what a phase needs of rules, target groups and functions; `report`: all of it at once;
- `ownership`: other owners of the rules; `retiring`: before legacy is deleted; `deleted_groups`: target groups that
  a phase deletes.
"""
