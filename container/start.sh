#!/bin/sh
# The engine writes into its home, and its plugins are in the image, which can't be written to.
set -eu
mkdir -p "$PULUMI_HOME"
ln -sfn /opt/pulumi/plugins "$PULUMI_HOME/plugins"
exec python -m awslambdaric "$@"
