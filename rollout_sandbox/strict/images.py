"""Functions of container images: what Lambda refuses of them.

Their image is in a private ECR repository of the function's region, and is named by a tag or a digest, not by both.
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException

PACKAGE = "Image"
_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/[a-z0-9][a-z0-9._/-]*"
    r"(?::[A-Za-z0-9_][\w.-]{0,127}|@sha256:(?P<digest>[0-9a-f]{64}))"
)


def check_package(spec: Mapping[str, Any], region: str) -> None:
    """Refuse a function whose package isn't of the kind that it says."""
    is_image = spec.get("PackageType", "Zip") == PACKAGE
    if is_image and (spec.get("Handler") or spec.get("Runtime") or spec.get("Layers")):
        raise InvalidParameterValueException(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        )
    if not is_image and not (spec.get("Handler") and spec.get("Runtime")):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if is_image:
        check_image(spec.get("Code", {}).get("ImageUri", ""), region)


def check_image(uri: str, region: str) -> None:
    """Refuse an image that isn't one of the region's ECR."""
    found = _IMAGE.fullmatch(uri)
    if found is None or found["region"] != region:
        raise InvalidParameterValueException(f"Source image {uri} is not valid. Provide a valid source image.")


def digest_of(uri: str) -> str | None:
    """The digest by which an image is named, if it is."""
    found = _IMAGE.fullmatch(uri)
    return found and found["digest"]
