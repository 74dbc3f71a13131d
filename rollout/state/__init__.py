"""What Pulumi reports: previews, resources, pending operations, and the update history with rollout's entries."""
