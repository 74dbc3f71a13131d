"""Telling people of a ramp: by an SNS topic, a webhook that takes Slack's messages, or a command.

`notice` is what is told, `channels` how it gets there, and `notifiers` tells everybody side by side. Nothing here stops
a ramp: who can't be reached is told of in a sentence.
"""

from rollout.adapters.notify.notifiers import Limits, Notifiers
from rollout.ramp.notice import Notice

__all__ = ["Limits", "Notice", "Notifiers"]
