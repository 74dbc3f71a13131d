"""The properties that pulumi-aws has, by its own Python SDK: those that AWS doesn't know of here are kept all the same.

A program of one's own may give any of them. The SDK's types are made of the provider's schema, so they say what each
holds; what they don't say is which changes replace a resource and what AWS fills in. Such a property changes in place,
and is read back from the state.
"""

from __future__ import annotations

import inspect
import keyword
import warnings
from collections import abc
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, Union, get_args, get_origin

from pulumi import Archive
from pulumi._types import input_type_py_to_pulumi_names, input_type_types, is_input_type, unwrap_type

from rollout_sandbox.provider.schema import Kind, Property, ResourceType

_KINDS = {str: Kind.STRING, int: Kind.INT, float: Kind.FLOAT, bool: Kind.BOOL, Archive: Kind.ARCHIVE}


def classes_of(token: str) -> tuple[Any, Any] | None:
    """A resource type's arguments, and itself, in the SDK, which takes a while to import; None where it has none.

    Args:
        token: `aws:lambda/function:Function`.
    """
    _, place, name = token.split(":")
    service = place.partition("/")[0]
    with warnings.catch_warnings():
        # pulumi_aws.lambda_ and pulumi_aws.s3 warn of types of their own on import
        warnings.filterwarnings("ignore", "(aws.)?(lambda/microvmsimage|s3)", DeprecationWarning)
        try:
            package = import_module(f"pulumi_aws.{service}{'_' * keyword.iskeyword(service)}")
            return getattr(package, f"{name}Args"), getattr(package, name)
        except (ImportError, AttributeError):
            return None


def completed(type_: ResourceType) -> ResourceType:
    """A type with all properties that pulumi-aws has of it."""
    return replace(type_, properties={**_properties(type_.token), **type_.properties})


@cache
def _properties(token: str) -> Mapping[str, Property]:
    found = classes_of(token)
    return properties_of(found[0]) if found else {}


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
