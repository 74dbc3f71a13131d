"""Between the protocol's structures and plain Python data."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2

from rollout_sandbox.provider.schema import Props


def decode(struct: struct_pb2.Struct) -> Props:
    """Properties of a request, whole numbers as ints."""
    return {key: _whole(value) for key, value in json_format.MessageToDict(struct).items()}


def encode(properties: Props) -> struct_pb2.Struct:
    """Properties for an answer; those that are None are left out."""
    struct = struct_pb2.Struct()
    struct.update(_there(properties))
    return struct


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _there(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _there(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_there(item) for item in value]
    return value
