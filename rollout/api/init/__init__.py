"""A first stacks.toml out of what an account has.

`found` sorts the live rules into those that can be moved and those that can't; `selection` reads which of them are
meant, and `answers` what AWS can't say; `names` makes up names that AWS takes; `draft` joins all that; `text` writes
it all down, with comments; `writing` puts it in its place and never over another file.
"""
