r"""One line of an Application Load Balancer's access log, with all fields in AWS's order. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
The page names 33 fields, to `request_transform_status`. Lines that people publish since 2026 have three more: the
address of the load balancer's node, and two that are `"-"` and that no page names. They are written here too, since
whoever reads a log has to put up with them. The names are those of the record fields of a delivery to CloudWatch Logs.
AWS writes a quote in a quoted field as `\x22` (https://github.com/DataBiosphere/azul/pull/4920), as nginx does; so it
goes here for a backslash, and for whatever isn't visible ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

NONE = "-"
MAX_AGENT = 8192
RECORD_FIELDS = (
    "type", "time", "elb", "client_port", "target_port", "request_processing_time", "target_processing_time",
    "response_processing_time", "elb_status_code", "target_status_code", "received_bytes", "sent_bytes",
    "request_line", "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name",
    "chosen_cert_arn", "matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url",
    "error_reason", "target_port_list", "target_status_code_list", "classification", "classification_reason",
    "conn_trace_id", "transformed_host", "transformed_uri", "request_transform_status", "ip_address",
)  # fmt: skip
_UNQUOTED = frozenset(
    {*RECORD_FIELDS[:12], "ssl_cipher", "ssl_protocol", "target_group_arn", "matched_rule_priority"}
    | {"request_creation_time", "conn_trace_id", "ip_address"}
)
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_UNSAFE = re.compile(rb'["\\\x00-\x1f\x7f-\xff]')


@dataclass(slots=True)
class Entry:
    """A request, and what comes of it: filled while it is answered, and written once it was.

    Attributes:
        protocol: `http` or `https`.
        balancer: `app/NAME/ID`.
        client: The address and port of whoever is connected.
        received: When the request came.
        request: Its line, with the whole URL.
        user_agent: What the client calls itself.
        trace: `X-Amzn-Trace-Id`.
        connection: Of the client: `TID_…`.
        node: The address of the load balancer's node.
        cipher: Of TLS.
        tls: Its version.
        certificate: The one that was shown, which is the listener's default.
        answered: When the answer was counted; None until then.
        target: The address and port of who answered; functions have none.
        times: Before the target was asked, until it answered, and since; None if nobody was asked.
        status: The load balancer's.
        target_status: The target's, if it gave one.
        received_bytes: Of the whole request.
        sent_bytes: Of the whole answer.
        group: The target group's ARN.
        priority: The rule's, 0 for the default one; None if none was looked for.
        actions: What was done.
        redirect: Where the client was sent.
        reason: Why it failed.
        host: As a transform made it.
        uri: As a transform made it.
        transform: How that went.
    """

    protocol: str
    balancer: str
    client: str
    received: datetime
    request: str
    user_agent: str = NONE
    trace: str = NONE
    connection: str = NONE
    node: str = NONE
    cipher: str = NONE
    tls: str = NONE
    certificate: str = NONE
    answered: datetime | None = None
    target: str = NONE
    times: tuple[timedelta, timedelta, timedelta] | None = None
    status: int = 0
    target_status: int | None = None
    received_bytes: int = 0
    sent_bytes: int = 0
    group: str = NONE
    priority: int | None = None
    actions: list[str] = field(default_factory=list)
    redirect: str = NONE
    reason: str = NONE
    host: str = NONE
    uri: str = NONE
    transform: str = NONE

    @property
    def line(self) -> str:
        """The line of a log, without its end."""
        fields = " ".join(value if name in _UNQUOTED else quoted(value) for name, value in self.record.items())
        return f'{fields} "-" "-"'

    @property
    def record(self) -> dict[str, str]:
        """The fields by name, in AWS's order."""
        times = ("-1", "-1", "-1") if self.times is None else (f"{each.total_seconds():.3f}" for each in self.times)
        target_status = NONE if self.target_status is None else str(self.target_status)
        return dict(
            zip(
                RECORD_FIELDS,
                (
                    self.protocol,
                    _iso(self.answered or self.received),
                    self.balancer,
                    self.client,
                    self.target,
                    *times,
                    str(self.status),
                    target_status,
                    str(self.received_bytes),
                    str(self.sent_bytes),
                    self.request,
                    self.user_agent[:MAX_AGENT],
                    self.cipher,
                    self.tls,
                    self.group,
                    self.trace,
                    NONE,
                    self.certificate,
                    NONE if self.priority is None else str(self.priority),
                    _iso(self.received, "milliseconds", "000Z"),
                    ",".join(self.actions) or NONE,
                    self.redirect,
                    self.reason,
                    self.target,
                    NONE if self.target == NONE else target_status,  # functions aren't in these lists
                    NONE,
                    NONE,
                    self.connection,
                    self.host,
                    self.uri,
                    self.transform,
                    self.node,
                ),
                strict=True,
            )
        )


def quoted(text: str) -> str:
    """A field in quotes, with nothing in it that would end it."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    raw = text.encode("utf-8", "surrogateescape")
    return '"' + _UNSAFE.sub(lambda found: b"\\x%02X" % ord(found[0]), raw).decode("ascii") + '"'


def _iso(time: datetime, precision: str = "microseconds", end: str = "Z") -> str:
    """A time in UTC; AWS tells six digits of each, and three of a request's coming are zeros."""
    return time.isoformat(timespec=precision).removesuffix("+00:00") + end
