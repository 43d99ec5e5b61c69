"""What the kernel's network files say, under node_exporter's metric names: text in, metrics out.

The counterpart of `proc` for devices, protocols and sockets; nothing is read here either.
"""

import re
from collections.abc import Iterator

from collectors.series import Metric

_NETSTAT_FIELDS = re.compile(
    r".*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
    r"|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
    r"|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)"
    r"|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors)"
)

_CONNTRACK_NAMES = {
    "nf_conntrack_count": "node_nf_conntrack_entries",
    "nf_conntrack_max": "node_nf_conntrack_entries_limit",
}


def devices(text: str) -> list[str]:
    """The names of the network devices in `/proc/net/dev`."""
    return [line.partition(":")[0].strip() for line in text.splitlines() if ":" in line]


def device_counters(text: str) -> Iterator[Metric]:
    """`/proc/net/dev`: what each device received and sent; its second line names the columns."""
    _, columns, *lines = text.splitlines() or ("", "||")
    _, received, sent = columns.split("|")
    names = [
        *(f"node_network_receive_{column}_total" for column in received.split()),
        *(f"node_network_transmit_{column}_total" for column in sent.split()),
    ]
    for line in lines:
        device, _, fields = line.partition(":")
        for name, field in zip(names, fields.split(), strict=False):
            yield name, (("device", device.strip()),), float(field)


def device_state(device: str, operstate: str, carrier: str, speed_mbit: str) -> Iterator[Metric]:
    """`/sys/class/net/<device>/`: what a device says of itself; it leaves empty what it does not know."""
    label = (("device", device),)
    if operstate:
        yield "node_network_up", label, float(operstate.strip() == "up")
    if carrier:
        yield "node_network_carrier", label, float(carrier)
    if speed_mbit and float(speed_mbit) >= 0:  # -1 is how some drivers say that they do not know
        yield "node_network_speed_bytes", label, float(speed_mbit) * 1e6 / 8


def snmp(text: str) -> Iterator[Metric]:
    """`/proc/net/snmp` and `/proc/net/netstat`: pairs of lines, names above values."""
    lines = iter(text.splitlines())
    for names, values in zip(lines, lines, strict=False):
        protocol, *fields = names.split()
        for field, value in zip(fields, values.split()[1:], strict=False):
            yield from _netstat(f"{protocol.rstrip(':')}_{field}", value)


def snmp6(text: str) -> Iterator[Metric]:
    """`/proc/net/snmp6`: one counter a line, its protocol ending with the first 6."""
    for line in text.splitlines():
        name, value = line.split()
        protocol, six, field = name.partition("6")
        yield from _netstat(f"{protocol}{six}_{field}", value)


def sockstat(text: str, page_bytes: int) -> Iterator[Metric]:
    """`/proc/net/sockstat` and `sockstat6`: sockets in use; memory, given in pages, in bytes too."""
    for line in text.splitlines():
        protocol, _, rest = line.partition(":")
        fields = rest.split()
        for field, value in zip(fields[::2], fields[1::2], strict=True):
            name = "sockets_used" if protocol == "sockets" else f"{protocol}_{field}"
            yield f"node_sockstat_{name}", (), float(value)
            if field == "mem":
                yield f"node_sockstat_{protocol}_mem_bytes", (), float(value) * page_bytes


def conntrack(name: str, text: str) -> Iterator[Metric]:
    """`/proc/sys/net/netfilter/<name>`: how many connections are tracked, and how many may be."""
    if text:
        yield _CONNTRACK_NAMES[name], (), float(text)


def _netstat(name: str, value: str) -> Iterator[Metric]:
    if _NETSTAT_FIELDS.fullmatch(name):
        yield f"node_netstat_{name}", (), float(value)
