"""The default inline programs of `[programs]`.

They know no more than the inventory. Who wants other resources beside them writes a program and names it there.
"""
