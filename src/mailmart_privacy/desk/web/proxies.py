"""The TLS proxies in front of a desk: what they tell of the browser is believed, and what anybody else tells is not."""

import ipaddress
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

Scope = MutableMapping[str, Any]
Refusal = tuple[int, str]


class Proxies:
    """The proxies of a desk.

    Args:
        named: their addresses, or networks.
    """

    def __init__(self, named: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(each) for each in named]

    def admit(self, scope: Scope, headers: Mapping[str, Sequence[str]]) -> tuple[Scope, Refusal | None]:
        """Find out who asks, from what the proxy has added.

        Args:
            scope: of the request, as it came to this process.
            headers: of the request.

        Returns:
            The scope with the browser's address, and why the request is refused, or None.
        """
        peer = (scope.get("client") or ("", 0))[0]
        if not self._knows(peer):
            return scope, (403, "This desk answers its TLS proxy only.")
        if list(headers.get("x-forwarded-proto", [])) != ["https"]:
            return scope, (421, "This desk is used by https. Its TLS proxy has to send X-Forwarded-Proto: https.")
        return {**scope, "client": (self._find_client(headers, peer), 0), "scheme": "https"}, None

    def _find_client(self, headers: Mapping[str, Sequence[str]], peer: str) -> str:
        """Find the browser's address: the last one listed that belongs to a browser; those before it may be lies."""
        listed = [each.strip() for line in headers.get("x-forwarded-for", []) for each in line.split(",")]
        for each in reversed(listed):
            try:
                address = str(ipaddress.ip_address(each))
            except ValueError:
                return peer
            if not self._knows(address):
                return address
        return peer

    def _knows(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)
