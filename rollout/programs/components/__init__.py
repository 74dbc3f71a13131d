"""Pulumi components for inline programs.

Import the modules, not this package: a program then pays only for the parts of pulumi_aws that it uses.
"""
