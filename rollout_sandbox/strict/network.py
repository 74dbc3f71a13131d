"""EC2 as far as load balancers need it: networks, and none of the thousand images that moto makes in each region."""

from __future__ import annotations

from types import ModuleType

from moto.ec2 import urls
from moto.ec2.models import EC2Backend


class Network(EC2Backend):
    """A region's EC2."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def _load_amis(self) -> None:
        """Load none."""
