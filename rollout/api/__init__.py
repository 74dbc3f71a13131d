"""The library's own door, and how its parts are put together."""
