"""A Lambda function that keeps what it is told, as AWS does.

moto forgets dead letters, logging, file systems and SnapStart at once, and much else when it changes. It takes any
subnets for any VPC, and knows no layer of another account.
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import EventInvokeConfig, ImageConfig, LambdaFunction
from moto.core.utils import iso_8601_datetime_with_nanoseconds

from rollout_sandbox.strict.function_network import vpc_of
from rollout_sandbox.strict.images import PACKAGE, check_image, digest_of

_JSON_LEVELS = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Environments that are kept ready for a version or an alias.

    Attributes:
        count: How many.
        since: When they were asked for, as AWS writes it.
        at: When they are ready, by the machine's monotonic clock.
    """

    count: int
    since: str
    at: float

    @property
    def is_ready(self) -> bool:
        """Whether they are there by now."""
        return time.monotonic() >= self.at


class StrictFunction(LambdaFunction):
    """moto's function with all of its settings."""

    def __init__(self, account_id: str, spec: Config, region: str, version: str | int = 1) -> None:
        super().__init__(account_id, spec, region, version)
        self.published = 0
        self.provisioned: dict[str, Provisioned] = {}
        self.event_configs: dict[str, EventInvokeConfig] = {}
        self._dead_letters: Config = spec.get("DeadLetterConfig") or {}
        self._logging: Config = spec.get("LoggingConfig") or {}
        self._files: list[Config] = spec.get("FileSystemConfigs") or []
        self._snapshots: Config = spec.get("SnapStart") or {}
        if network := spec.get("VpcConfig"):
            vpc_of(account_id, region, network)

    @property
    def vpc_config(self) -> Config | None:
        """VpcConfigResponse."""
        network: Config | None = self._vpc_config
        return network and {**network, "VpcId": vpc_of(self.account_id, self.region, network)}

    def get_configuration(self, on_create: bool = False) -> Config:
        """FunctionConfiguration."""
        found: Config = super().get_configuration(on_create)
        logging = {"LogFormat": "Text", "LogGroup": self.logs_group_name, **self._logging}
        if logging["LogFormat"] == "JSON":
            logging = {**_JSON_LEVELS, **logging}
        found["LoggingConfig"] = logging
        if self._dead_letters.get("TargetArn"):
            found["DeadLetterConfig"] = self._dead_letters
        if not any((self.image_config.cmd, self.image_config.entry_point, self.image_config.working_directory)):
            found.pop("ImageConfigResponse", None)
        if self._files:
            found["FileSystemConfigs"] = self._files
        on = self._snapshots.get("ApplyOn", "None")
        # of a version a snapshot is made, of $LATEST none
        is_on = on != "None" and str(self.version) != "$LATEST"
        found["SnapStart"] = {"ApplyOn": on, "OptimizationStatus": "On" if is_on else "Off"}
        return found

    def get_code(self) -> Config:
        """GetFunction's answer; a function that may not run at all has a concurrency of 0."""
        found: Config = super().get_code()
        if uri := self.code.get("ImageUri"):  # which moto cuts at its first colon
            repository = re.split("[:@]", uri)[0]
            found["Code"]["ResolvedImageUri"] = f"{repository}@sha256:{self.code_sha_256}"
        if self.reserved_concurrency is not None:
            found["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return found

    def update_configuration(self, config_updates: Config) -> Config:
        """UpdateFunctionConfiguration."""
        if network := config_updates.get("VpcConfig"):
            vpc_of(self.account_id, self.region, network)
        self._keep(config_updates)
        super().update_configuration(config_updates)
        return self._modified()

    def update_function_code(self, updated_spec: Config) -> Config:
        """UpdateFunctionCode; a dry run changes nothing."""
        if updated_spec.get("DryRun"):
            return self.get_configuration()
        if self.package_type == PACKAGE and "ImageUri" in updated_spec:
            check_image(updated_spec["ImageUri"], self.region)
        self.architectures = updated_spec.get("Architectures") or self.architectures
        super().update_function_code(updated_spec)
        return self._modified()

    def _set_function_code(self, updated_spec: Config) -> None:
        super()._set_function_code(updated_spec)
        self.code_sha_256 = digest_of(updated_spec.get("ImageUri") or "") or self.code_sha_256

    def _keep(self, given: Mapping[str, Any]) -> None:
        if "EphemeralStorage" in given:
            self.ephemeral_storage = given["EphemeralStorage"]["Size"]
        if "ImageConfig" in given:
            self.image_config = ImageConfig(given["ImageConfig"])
        self.kms_key_arn = given.get("KMSKeyArn", self.kms_key_arn)
        self.tracing_config = given.get("TracingConfig", self.tracing_config)
        self._dead_letters = given.get("DeadLetterConfig", self._dead_letters)
        self._logging = given.get("LoggingConfig", self._logging)
        self._files = given.get("FileSystemConfigs", self._files)
        self._snapshots = given.get("SnapStart", self._snapshots)

    def _get_layers_data(self, layers_versions_arns: list[str]) -> list[Any]:
        """Layers of other accounts are taken at their word; those of this one have to be there."""
        own = f":{self.region}:{self.account_id}:layer:"
        known = {each["Arn"]: each for each in super()._get_layers_data([a for a in layers_versions_arns if own in a])}
        return [known.get(arn, {"Arn": arn, "CodeSize": 0}) for arn in layers_versions_arns]

    def _modified(self) -> Config:
        self.last_modified = iso_8601_datetime_with_nanoseconds()
        return self.get_configuration()
