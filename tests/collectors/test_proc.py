"""The kernel's text files: text in, node_exporter's metrics out."""

import re
from pathlib import Path

import pytest

from collectors.host import network, proc
from collectors.host.filesystem import Mount, mounts

NOTHING = re.compile(r"(?!)")
EMPTY = ()


def test_cpu_times_are_seconds_by_cpu_and_mode() -> None:
    """Ticks become seconds, the sum over all CPUs is left out, guest time is a metric of its own."""
    text = (
        "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 100 200 300 400 500 600 700 800 900 1000\nintr 7 1 2 3 4 5 6 7 8 9 10 11 12\n"
    )
    metrics = list(proc.stat(text, ticks_per_second=100))
    assert ("node_cpu_seconds_total", (("cpu", "0"), ("mode", "user")), 1.0) in metrics
    assert ("node_cpu_seconds_total", (("cpu", "0"), ("mode", "steal")), 8.0) in metrics
    assert ("node_cpu_guest_seconds_total", (("cpu", "0"), ("mode", "nice")), 10.0) in metrics
    assert metrics[-1] == ("node_intr_total", EMPTY, 7.0)
    assert len(metrics) == 11


def test_meminfo_is_bytes_unless_it_counts() -> None:
    """`kB` becomes bytes, brackets become an underscore, counts have no unit."""
    assert list(proc.meminfo("MemTotal:  2 kB\nActive(anon): 1 kB\nHugePages_Total: 3\n")) == [
        ("node_memory_MemTotal_bytes", EMPTY, 2048.0),
        ("node_memory_Active_anon_bytes", EMPTY, 1024.0),
        ("node_memory_HugePages_Total", EMPTY, 3.0),
    ]


def test_disks_of_older_kernels_have_fewer_metrics() -> None:
    """A kernel that counts no discards yields none; sectors are bytes and milliseconds are seconds."""
    line = "254 0 vda 10 1 4 500 20 2 8 600 0 700 800\n  7 0 loop0 1 1 1 1 1 1 1 1 1 1 1\n"
    metrics = {name: value for name, _, value in proc.diskstats(line, re.compile("^loop"))}
    assert len(metrics) == 11
    assert metrics["node_disk_read_bytes_total"] == 4 * 512
    assert metrics["node_disk_io_time_seconds_total"] == pytest.approx(0.7)


def test_pressure_is_seconds_waited_and_stalled() -> None:
    """Microseconds become seconds; for the CPU there is no stalled."""
    text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n"
    assert list(proc.pressure(text, "io")) == [
        ("node_pressure_io_waiting_seconds_total", EMPTY, 1.5),
        ("node_pressure_io_stalled_seconds_total", EMPTY, 0.5),
    ]
    assert [name for name, _, _ in proc.pressure(text, "cpu")] == ["node_pressure_cpu_waiting_seconds_total"]


def test_only_the_default_fields_of_long_files_are_kept() -> None:
    """The files vmstat and netstat have hundreds of fields, of which node_exporter keeps a few."""
    assert [name for name, _, _ in proc.vmstat("nr_free_pages 1\npgfault 2\noom_kill 3\n")] == [
        "node_vmstat_pgfault",
        "node_vmstat_oom_kill",
    ]
    assert list(network.snmp("Tcp: RtoMin CurrEstab\nTcp: 200 5\nUdp: InErrors\nUdp: 6\n")) == [
        ("node_netstat_Tcp_CurrEstab", EMPTY, 5.0),
        ("node_netstat_Udp_InErrors", EMPTY, 6.0),
    ]
    assert list(network.snmp6("Ip6InOctets 7\nIp6InReceives 1\n")) == [("node_netstat_Ip6_InOctets", EMPTY, 7.0)]


def test_network_columns_are_named_by_the_file_itself() -> None:
    """Both halves of the header have a column of the same name."""
    text = "Inter-|  Receive  | Transmit\n face |bytes errs|bytes colls\n  eth0: 1 2 3 4\nveth@1:5 6 7 8\n"
    assert network.devices(text) == ["eth0", "veth@1"]
    metrics = list(network.device_counters(text))
    assert metrics[:2] == [
        ("node_network_receive_bytes_total", (("device", "eth0"),), 1.0),
        ("node_network_receive_errs_total", (("device", "eth0"),), 2.0),
    ]
    assert metrics[-1] == ("node_network_transmit_colls_total", (("device", "veth@1"),), 8.0)


def test_a_device_leaves_out_what_it_does_not_know() -> None:
    """A device that is down has no carrier, and a virtual one no speed."""
    assert list(network.device_state("eth0", "up\n", "1\n", "1000\n")) == [
        ("node_network_up", (("device", "eth0"),), 1.0),
        ("node_network_carrier", (("device", "eth0"),), 1.0),
        ("node_network_speed_bytes", (("device", "eth0"),), 125e6),
    ]
    assert list(network.device_state("tun0", "unknown\n", "", "-1\n")) == [
        ("node_network_up", (("device", "tun0"),), 0)
    ]


def test_socket_memory_is_in_pages_and_in_bytes() -> None:
    """node_exporter has both."""
    assert list(network.sockstat("sockets: used 9\nTCP: inuse 1 mem 2\n", page_bytes=4096)) == [
        ("node_sockstat_sockets_used", EMPTY, 9.0),
        ("node_sockstat_TCP_inuse", EMPTY, 1.0),
        ("node_sockstat_TCP_mem", EMPTY, 2.0),
        ("node_sockstat_TCP_mem_bytes", EMPTY, 8192.0),
    ]


def test_a_mountpoint_is_named_as_people_write_it_and_the_top_mount_is_seen() -> None:
    """Octal escapes are undone, excluded kinds left out, and of two mounts on one directory the later one counts."""
    text = (
        "proc /proc proc rw 0 0\n"
        "/dev/sda1 /data\\040disk ext4 rw,relatime 0 0\n"
        "/dev/sdb1 /data\\040disk xfs ro,errors=remount-ro 0 0\n"
        "tmpfs /dev/shm tmpfs rw 0 0\n"
    )
    assert mounts(text, re.compile("^/dev($|/)"), re.compile("^proc$")) == [
        Mount("/dev/sdb1", "/data disk", "xfs", readonly=True)
    ]


def test_empty_files_yield_nothing() -> None:
    """What a kernel does not have, or does not let us read, is read as empty."""
    parsed = [
        *proc.stat("", 100),
        *proc.loadavg(""),
        *proc.meminfo(""),
        *proc.diskstats("", NOTHING),
        *proc.vmstat(""),
        *proc.file_nr(""),
        *proc.pressure("", "io"),
        *network.device_counters(""),
        *network.snmp(""),
        *network.snmp6(""),
        *network.sockstat("", 4096),
        *network.conntrack("nf_conntrack_max", ""),
        *mounts("", NOTHING, NOTHING),
    ]
    assert parsed == []


def test_this_machine_can_be_read() -> None:
    """The parsers understand the kernel that runs the tests."""
    assert list(proc.stat(Path("/proc/stat").read_text(), 100))
    assert len(list(proc.loadavg(Path("/proc/loadavg").read_text()))) == 3
    assert list(network.device_counters(Path("/proc/net/dev").read_text()))
