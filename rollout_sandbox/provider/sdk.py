"""The properties that pulumi-aws has, by its own Python SDK: those that AWS doesn't know of here are kept all the same.

A program of one's own may give any of them. The SDK's types are made of the provider's schema, so they say what each
holds; what they don't say is which changes replace a resource and what AWS fills in. Such a property changes in place,
and is read back from the state.
"""

from __future__ import annotations

import inspect
from collections import abc
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from pulumi import Archive
from pulumi._types import input_type_py_to_pulumi_names, input_type_types, is_input_type, unwrap_type

from rollout_sandbox.provider.schema import Kind, Property

_KINDS = {str: Kind.STRING, int: Kind.INT, float: Kind.FLOAT, bool: Kind.BOOL, Archive: Kind.ARCHIVE}


def properties_of(arguments: type) -> Mapping[str, Property]:
    """All properties of a resource or of an object in it.

    Args:
        arguments: A class of pulumi-aws such as `FunctionArgs`.
    """
    names = input_type_py_to_pulumi_names(arguments)
    needed = {
        names[name]
        for name, parameter in inspect.signature(arguments).parameters.items()
        if parameter.default is parameter.empty
    }
    return {name: _property(type_, name in needed) for name, type_ in input_type_types(arguments).items()}


def _property(type_: Any, required: bool = False) -> Property:
    type_ = unwrap_type(type_)
    if isinstance(type_, type) and is_input_type(type_):
        return Property(Kind.OBJECT, required=required, fields=properties_of(type_))
    match get_origin(type_):
        case abc.Sequence:
            return Property(Kind.LIST, required=required, item=_property(get_args(type_)[0]))
        case abc.Mapping:
            item = _property(get_args(type_)[1])
            return Property(Kind.MAP, required=required, item=None if item.kind is Kind.STRING else item)
        case origin if origin is Union:  # such as a runtime: any text, or one of an enumeration
            return _property(get_args(type_)[0], required)
    return Property(_KINDS.get(type_, Kind.STRING), required=required)
