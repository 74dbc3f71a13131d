"""The controller's image, built and run: `nox -s image`."""
