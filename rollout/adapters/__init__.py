"""What is outside: AWS, Pulumi's engine, other owners of rules, notifiers, plugins."""
