"""The library's entry points, and how its parts are connected."""
