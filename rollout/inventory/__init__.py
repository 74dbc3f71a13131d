"""stacks.toml: what it holds, and reading, checking and saving it."""
