"""Notifications about a ramp: by an SNS topic, a webhook for Slack's messages, a command or a plugin.

`channels` sends a notice; `notifiers` sends it to all recipients in parallel. Nothing here stops a ramp: a failed
notification is reported in a sentence.
"""

from rollout.adapters.notify.notifiers import Limits, Notifiers
from rollout.ramp.notice import Notice

__all__ = ["Limits", "Notice", "Notifiers"]
