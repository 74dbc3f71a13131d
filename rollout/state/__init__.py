"""What Pulumi tells: previews, resources, pending operations, and the history of updates with our notes in it."""
