"""aws:s3/bucketObjectv2:BucketObjectv2: a file in a bucket.

Locks of objects and access lists are kept in the state alone.

https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketobjectv2/
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from rollout_sandbox.provider.archives import bytes_of, same_archive
from rollout_sandbox.provider.aws import Aws, AwsFailure, doing
from rollout_sandbox.provider.patience import Ignoring
from rollout_sandbox.provider.refusals import bad_arn
from rollout_sandbox.provider.schema import Props, ResourceType, asset, boolean, mapping, string
from rollout_sandbox.provider.tagging import changed_tags, own_tags
from rollout_sandbox.provider.tags import as_tags

SERVICE = "s3"
GONE = ("404", "NoSuchKey", "NoSuchBucket")
_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "metadata": "Metadata",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
    "websiteRedirect": "WebsiteRedirectLocation",
}
_SOURCES = ("source", "content", "contentBase64")
UPLOADED = frozenset({*_HEADERS, *_SOURCES, "bucketKeyEnabled", "etag", "kmsKeyId", "sourceHash"})
"""The properties whose change uploads the object again."""


class _Object:
    def create(self, aws: Aws, new: Props) -> str:
        _upload(aws, new)
        return f"{new['bucket']}/{new['key']}"

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        s3, (bucket, key) = aws.client(SERVICE), _parts(id_)
        with doing(f"reading S3 Object ({id_})", SERVICE), Ignoring(*GONE):
            found = s3.head_object(Bucket=bucket, Key=key)
            tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            version = found.get("VersionId", "")
            return {
                **{name: found.get(api, "") for name, api in _HEADERS.items()},
                "arn": f"arn:{s3.meta.partition}:s3:::{bucket}/{key}",
                "bucket": bucket,
                "bucketKeyEnabled": found.get("BucketKeyEnabled", False),
                "etag": found["ETag"].strip('"'),
                "key": key,
                "kmsKeyId": found.get("SSEKMSKeyId", ""),
                "serverSideEncryption": found.get("ServerSideEncryption", "AES256"),
                "storageClass": found.get("StorageClass", "STANDARD"),
                "versionId": "" if version == "null" else version,
                "tagsAll": own_tags({tag["Key"]: tag["Value"] for tag in tags}),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        if changed & UPLOADED:
            _upload(aws, new)
        elif any(changed_tags(old, new)):
            bucket, key = _parts(id_)
            with doing(f"updating tags for S3 Object ({id_})", SERVICE):
                tags = {"TagSet": as_tags(new.get("tagsAll") or {})}
                aws.client(SERVICE).put_object_tagging(Bucket=bucket, Key=key, Tagging=tags)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        s3, (bucket, key) = aws.client(SERVICE), _parts(id_)
        with doing(f"deleting S3 Bucket ({bucket}) Object ({key})", SERVICE), Ignoring(*GONE):
            if not old.get("versionId"):
                s3.delete_object(Bucket=bucket, Key=key)
                return
            pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
            for each in [
                each for page in pages for kind in ("Versions", "DeleteMarkers") for each in page.get(kind, ())
            ]:
                if each["Key"] == key:
                    s3.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])


def _upload(aws: Aws, new: Props) -> None:
    bucket, key = new["bucket"], new["key"]
    settings: dict[str, Any] = {api: new[name] for name, api in _HEADERS.items() if new.get(name)}
    if new.get("kmsKeyId"):
        settings |= {"SSEKMSKeyId": new["kmsKeyId"], "ServerSideEncryption": "aws:kms"}
    if new.get("tagsAll"):
        settings["Tagging"] = urlencode(new["tagsAll"])
    with doing(f"uploading S3 Object ({key}) to Bucket ({bucket})", SERVICE):
        aws.client(SERVICE).put_object(Bucket=bucket, Key=key, Body=_body(aws, new), **settings)


def _body(aws: Aws, new: Props) -> bytes:
    if new.get("source"):
        return bytes_of(new["source"], aws.roots)
    try:
        return base64.b64decode(new.get("contentBase64") or "", validate=True) or str(new.get("content") or "").encode()
    except ValueError as error:
        raise AwsFailure(f"decoding content_base64: {error}") from error


def _parts(id_: str) -> tuple[str, str]:
    """`BUCKET/KEY`, also as a URL."""
    bucket, _, key = id_.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise AwsFailure(f'id "{id_}" should be in the format <bucket>/<key> or s3://<bucket>/<key>')
    return bucket, key


def _imported(id_: str) -> tuple[str, Props | None]:
    return "/".join(_parts(id_)), None


def _follows(_: Props, changed: frozenset[str]) -> Iterable[str]:
    return ("versionId",) if changed & UPLOADED else ()


OBJECT = ResourceType(
    "aws:s3/bucketObjectv2:BucketObjectv2",
    {
        "arn": string(output=True),
        "bucket": string(required=True, force_new=True),
        "bucketKeyEnabled": boolean(computed=True),
        **{name: string() for name in _HEADERS},
        "content": string(),
        "contentBase64": string(),
        "contentType": string(computed=True),
        "etag": string(computed=True),
        "forceDestroy": boolean(),
        "key": string(required=True, force_new=True),
        "kmsKeyId": string(computed=True, refuse=bad_arn),
        "metadata": mapping(),
        "serverSideEncryption": string(computed=True),
        "source": asset(same=same_archive),
        "sourceHash": string(),
        "storageClass": string(computed=True),
        "versionId": string(output=True),
    },
    _Object(),
    tagged=True,
    conflicts=(
        ("source", "source", "content", "content"),
        ("source", "source", "contentBase64", "content_base64"),
        ("content", "content", "contentBase64", "content_base64"),
        ("etag", "etag", "kmsKeyId", "kms_key_id"),
    ),
    follows=_follows,
    imported=_imported,
)
