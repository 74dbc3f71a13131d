"""Telling people of a ramp: by an SNS topic, a webhook that takes Slack's messages, or a command.

`notice` is what is told, `ways` how it gets there, and `notifiers` tells everybody side by side. Nothing here stops a
ramp: who can't be reached is told of in a sentence.
"""

from rollout.notify.notice import Notice
from rollout.notify.notifiers import Limits, Notifiers

__all__ = ["Limits", "Notice", "Notifiers"]
