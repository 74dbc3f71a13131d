"""Where requests come from: access logs, HAR files, and lines of JSON. A broken line is counted, never an error.

Samples, as `rollout smoke` has them, are read by the library's door: their form is the migration's.
"""
