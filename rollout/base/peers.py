"""The user at the other end of a loopback connection, as the kernel reports it.

A port is open to all users of the machine. Pulumi's engine and AWS's SDKs use only TCP for providers and endpoints, so
file permissions can't protect it. Linux reports each socket's owner; other systems don't.
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


SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The errors of a system that lacks files or memory now, and may answer later."""


@cache
def are_known() -> bool:
    """Whether this system reports a connection's user.

    Raises:
        OSError: It can't tell now, for want of files or memory.
    """
    try:
        return _answer(("127.0.0.1", 1), ("127.0.0.1", 1)) == -errno.ENOENT
    except AttributeError:  # this system doesn't have the socket family
        return False
    except OSError as error:  # nor this protocol
        if error.errno in SHORT:
            raise
        return False


def user_of(peer: Address, here: Address) -> int | None:
    """The user of the other end of a connection; None if it is closed, or the system doesn't report it, or not now.

    Args:
        peer: The other end's IPv4 address and port.
        here: This end's.
    """
    try:
        found = _answer(peer, here) if are_known() else 0
    except OSError:
        return None
    if isinstance(found, int):
        return None
    owner, inode = _OWNER_AND_INODE.unpack_from(found, _OWNER_AT)
    return int(owner) if inode else None  # a closed socket is reported as root's


def are_ours(peer: Address, here: Address) -> bool:
    """Whether the other end belongs to this process's user; True if the system never reports it, False if not now."""
    try:
        return not are_known() or user_of(peer, here) == os.geteuid()
    except OSError:
        return False


def _answer(peer: Address, here: Address) -> bytes | int:
    """The kernel's answer about a socket, or its error."""
    ends = struct.pack("!HH", peer[1], here[1])
    addresses = b"".join(socket.inet_aton(address).ljust(16, b"\0") for address, _ in (peer, here))
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ANY_STATE)
    body = asked + ends + addresses + bytes(4) + _ANY_SOCKET
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.send(_HEAD.pack(_HEAD.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST, 0, 0) + body)
        said = kernel.recv(4096)
    kind = _HEAD.unpack_from(said)[1]
    return said if kind == _SOCK_DIAG_BY_FAMILY else int(_CODE.unpack_from(said, _HEAD.size)[0])
