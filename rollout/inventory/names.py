"""What a name of the inventory may be. Apart from the models, since the shell asks for names and waits."""

from __future__ import annotations

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
NAME_IN_WORDS = "1 to 63 letters, digits, hyphens and underscores, a letter or digit first"
