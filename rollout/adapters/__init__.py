"""The outside: AWS, Pulumi's engine, other owners of rules, notification channels, plugins."""
