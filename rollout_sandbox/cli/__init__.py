"""The commands `rollout sandbox` and `rollout demo`, which rollout finds by entry points."""
