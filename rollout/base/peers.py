"""Whose process is at the other end of a connection on the loopback interface, as the kernel reports it.

A port of this machine is open to all its users, and Pulumi's engine and AWS's SDKs reach providers and endpoints by
TCP alone, so a file's permissions can't guard it. Linux knows the owner of each socket; other systems don't tell.
https://man7.org/linux/man-pages/man7/sock_diag.7.html
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from functools import cache

Address = tuple[str, int]

_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _REQUEST, _ANY_STATE = 4, 20, 1, 0xFFFFFFFF
_ANY_SOCKET = b"\xff" * 8
_HEAD = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBBI")
_CODE = struct.Struct("=i")
_OWNER_AND_INODE = struct.Struct("=II")
_OWNER_AT = _HEAD.size + 4 + 48 + 12
"""After the message's head: the state and timers, the socket's id, and how long its queues are."""


@cache
def are_known() -> bool:
    """Whether this system tells whose a connection is."""
    try:
        return _answer(("127.0.0.1", 1), ("127.0.0.1", 1)) == -errno.ENOENT
    except (OSError, AttributeError):  # there is no such socket family, or not this protocol of it
        return False


def user_of(peer: Address, here: Address) -> int | None:
    """The user who holds the other end of a connection; None where nobody does any more, or the system doesn't tell.

    Args:
        peer: The other end's IPv4 address and port.
        here: This end's.
    """
    if not are_known():
        return None
    found = _answer(peer, here)
    if isinstance(found, int):
        return None
    owner, inode = _OWNER_AND_INODE.unpack_from(found, _OWNER_AT)
    return int(owner) if inode else None  # a socket that nobody holds any more is said to be root's


def are_ours(peer: Address, here: Address) -> bool:
    """Whether the other end is held by this process's user; True where the system doesn't tell."""
    return not are_known() or user_of(peer, here) == os.geteuid()


def _answer(peer: Address, here: Address) -> bytes | int:
    """What the kernel says of a socket, or its error."""
    ends = struct.pack("!HH", peer[1], here[1])
    addresses = b"".join(socket.inet_aton(address).ljust(16, b"\0") for address, _ in (peer, here))
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ANY_STATE)
    body = asked + ends + addresses + bytes(4) + _ANY_SOCKET
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.send(_HEAD.pack(_HEAD.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST, 0, 0) + body)
        said = kernel.recv(4096)
    kind = _HEAD.unpack_from(said)[1]
    return said if kind == _SOCK_DIAG_BY_FAMILY else int(_CODE.unpack_from(said, _HEAD.size)[0])
