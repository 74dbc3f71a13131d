"""The inline programs of those who need none of their own: what `[programs]` names where nothing else is said.

They know no more than the inventory. Who wants other resources beside them writes a program and names it there.
"""
