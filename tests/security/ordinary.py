"""Lines of syslog on days on which nothing happens: four machines, their services, and the people who look after them.

Made from a seed, so that they are the same on every machine. Some of it is what goes wrong every day: a mistyped
password, a service that is restarted. An interface that enters promiscuous mode is not among them, everyday as it is
where there are containers: a rule of others is about these very words.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)
_HOSTS = ("web1", "web2", "db1", "mail1")
_PEOPLE = ("ann", "bob", "carla", "deploy")
_KEYS = "ED25519 SHA256:k3x9QF0aKpJ7lq2mS5vYt8WzR1uNbC4dE6fG7hI8jKl"

Lines = Iterator[tuple[str, str]]
"""Program with its process, and what it says."""


def ordinary(count: int, seed: int = 4) -> list[str]:
    """So many lines, or a few more, in the order of their times."""
    random = Random(seed)
    lines: list[str] = []
    now = BEGIN
    while len(lines) < count:
        now += timedelta(seconds=random.expovariate(1 / 40))
        host = random.choice(_HOSTS)
        kind = random.choices(_KINDS, _WEIGHTS)[0]
        at = now
        for program, said in kind(random):
            at += timedelta(seconds=random.choice((0, 0, 0, 1)))
            lines.append(f"{at:%b} {at.day:2d} {at:%H:%M:%S} {host} {program}: {said}")
        now = at
    return lines


def _pid(random: Random) -> int:
    return random.randint(300, 4_000_000)


def _address(random: Random) -> str:
    return f"10.20.{random.randint(0, 3)}.{random.randint(2, 250)}"


def _cron(random: Random) -> Lines:
    pid = _pid(random)
    user, command = random.choice(
        (
            ("root", "   cd / && run-parts --report /etc/cron.hourly"),
            ("root", "command -v debian-sa1 > /dev/null && debian-sa1 1 1"),
            ("www-data", "[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean"),
            ("postgres", "/usr/local/bin/backup-database --quiet"),
            ("root", "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }"),
        )
    )
    yield f"CRON[{pid}]", f"pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)"
    yield f"CRON[{pid + 1}]", f"({user}) CMD ({command})"
    yield f"CRON[{pid}]", f"pam_unix(cron:session): session closed for user {user}"


def _systemd(random: Random) -> Lines:
    unit, text = random.choice(
        (
            ("logrotate.service", "Rotate log files"),
            ("apt-daily.service", "Daily apt download activities"),
            ("fstrim.service", "Discard unused blocks on filesystems from /etc/fstab"),
            ("systemd-tmpfiles-clean.service", "Cleanup of Temporary Directories"),
            ("man-db.service", "Daily man-db regeneration"),
            ("certbot.service", "Certbot"),
        )
    )
    yield "systemd[1]", f"Starting {unit} - {text}..."
    yield "systemd[1]", f"{unit}: Deactivated successfully."
    yield "systemd[1]", f"Finished {unit} - {text}."
    yield "systemd[1]", f"{unit}: Consumed {random.randint(100, 999)}ms CPU time."


def _login(random: Random) -> Lines:
    pid, user, address, port = _pid(random), random.choice(_PEOPLE), _address(random), random.randint(32768, 60999)
    session = random.randint(1, 9999)
    yield f"sshd[{pid}]", f'Connection from {address} port {port} on 10.20.0.1 port 22 rdomain ""'
    yield f"sshd[{pid}]", f"Accepted publickey for {user} from {address} port {port} ssh2: {_KEYS}"
    yield f"sshd[{pid}]", f"pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"
    yield f"systemd-logind[{random.randint(500, 900)}]", f"New session {session} of user {user}."
    yield "systemd[1]", f"Started session-{session}.scope - Session {session} of User {user}."
    yield f"sshd[{pid + 7}]", f"Received disconnect from {address} port {port}:11: disconnected by user"
    yield f"sshd[{pid + 7}]", f"Disconnected from user {user} {address} port {port}"
    yield f"sshd[{pid}]", f"pam_unix(sshd:session): session closed for user {user}"
    yield "systemd-logind[612]", f"Session {session} logged out. Waiting for processes to exit."
    yield "systemd-logind[612]", f"Removed session {session}."


def _mistyped(random: Random) -> Lines:
    pid, user, address, port = _pid(random), random.choice(_PEOPLE), _address(random), random.randint(32768, 60999)
    failure = f"authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={address}  user={user}"
    yield f"sshd[{pid}]", f"pam_unix(sshd:auth): {failure}"
    yield f"sshd[{pid}]", f"Failed password for {user} from {address} port {port} ssh2"
    yield f"sshd[{pid}]", f"Accepted password for {user} from {address} port {port} ssh2"
    yield f"sshd[{pid}]", f"pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"


def _sudo(random: Random) -> Lines:
    user = random.choice(_PEOPLE)
    command = random.choice(
        (
            "/usr/bin/apt-get update",
            "/usr/bin/systemctl restart nginx",
            "/usr/bin/systemctl status postgresql",
            "/usr/bin/journalctl -u nginx --since -1h",
            "/usr/bin/tail -n 100 /var/log/mail.log",
            "/usr/bin/vim /etc/nginx/sites-available/shop.conf",
            "/usr/sbin/visudo -c",
            "/usr/bin/docker ps",
            "/usr/bin/less /var/log/auth.log",
            "/usr/bin/chown -R deploy:deploy /srv/shop",
        )
    )
    where = f"TTY=pts/{random.randint(0, 5)} ; PWD=/home/{user} ; USER=root"
    yield "sudo", f"{user:>8} : {where} ; COMMAND={command}"
    yield "sudo", f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid=1000)"
    yield "sudo", "pam_unix(sudo:session): session closed for user root"


def _kernel(random: Random) -> Lines:
    seconds = random.randint(1000, 9_999_999)
    text = random.choice(
        (
            "EXT4-fs (sda1): re-mounted 8c1e2f33-1b7e-4a52-9f5f-0e3b2c4d5e6f r/w. Quota mode: none.",
            "IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready",
            "perf: interrupt took too long (2511 > 2500), lowering kernel.perf_event_max_sample_rate to 79500",
            "[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=10.20.3.9 DST=10.20.0.1 LEN=40 TTL=64 PROTO=TCP DPT=23",
            "usb 1-1: new high-speed USB device number 2 using xhci_hcd",
            'audit: type=1400 audit(1741000000.123:91): apparmor="STATUS" operation="profile_replace" name="ntpd"',
            "eth0: renamed from veth3f1a",
            "docker0: port 1(veth3f1a) entered forwarding state",
        )
    )
    yield "kernel", f"[{seconds}.{random.randint(100000, 999999)}] {text}"


def _dhclient(random: Random) -> Lines:
    pid, address = random.randint(500, 900), _address(random)
    yield f"dhclient[{pid}]", f"DHCPREQUEST for {address} on eth0 to 10.20.0.254 port 67"
    yield f"dhclient[{pid}]", f"DHCPACK of {address} from 10.20.0.254"
    yield f"dhclient[{pid}]", f"bound to {address} -- renewal in {random.randint(1000, 40000)} seconds."


def _ntpd(random: Random) -> Lines:
    yield random.choice(
        (
            ("ntpd[702]", "Soliciting pool server 192.0.2.123"),
            ("ntpd[702]", "kernel reports TIME_ERROR: 0x41: Clock Unsynchronized"),
            ("chronyd[688]", "Selected source 192.0.2.123 (0.pool.example.org)"),
            ("systemd-timesyncd[540]", "Contacted time server 192.0.2.123:123 (ntp.example.org)."),
            ("systemd-resolved[533]", "Clock change detected. Flushing caches."),
        )
    )


def _postfix(random: Random) -> Lines:
    queue = f"{random.getrandbits(44):011X}"
    pid = _pid(random)
    yield f"postfix/smtpd[{pid}]", "connect from mx.example.org[192.0.2.25]"
    yield f"postfix/smtpd[{pid}]", f"{queue}: client=mx.example.org[192.0.2.25]"
    yield f"postfix/cleanup[{pid + 2}]", f"{queue}: message-id=<{random.getrandbits(60):x}@example.org>"
    yield (
        "postfix/qmgr[1234]",
        f"{queue}: from=<news@example.org>, size={random.randint(900, 90000)}, nrcpt=1 (queue active)",
    )
    yield (
        f"postfix/local[{pid + 3}]",
        f"{queue}: to=<ann@example.com>, relay=local, delay=0.3, dsn=2.0.0, status=sent (delivered to maildir)",
    )
    yield "postfix/qmgr[1234]", f"{queue}: removed"
    yield (
        f"postfix/smtpd[{pid}]",
        "disconnect from mx.example.org[192.0.2.25] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    )


def _upgrade(random: Random) -> Lines:
    pid, group = _pid(random), random.randint(110, 140)
    yield "systemd[1]", "Starting apt-daily-upgrade.service - Daily apt upgrade and clean activities..."
    yield f"groupadd[{pid}]", f"group added to /etc/group: name=_chrony, GID={group}"
    yield f"groupadd[{pid}]", f"new group: name=_chrony, GID={group}"
    yield (
        f"useradd[{pid + 1}]",
        f"new user: name=_chrony, UID={group}, GID={group}, home=/var/lib/chrony, shell=/usr/sbin/nologin, from=none",
    )
    yield f"chfn[{pid + 2}]", "changed user '_chrony' information"
    yield f"chage[{pid + 3}]", "changed password expiry for _chrony"
    yield "systemd[1]", "Reloading."
    yield "systemd[1]", "Stopping rsyslog.service - System Logging Service..."
    yield "rsyslogd", '[origin software="rsyslogd" swVersion="8.2302.0" x-pid="602"] exiting on signal 15.'
    yield "systemd[1]", "Started rsyslog.service - System Logging Service."
    yield "dbus-daemon[580]", "[system] Reloaded configuration"
    yield f"needrestart[{pid + 9}]", "NeedRestart: running kernel is up to date"
    yield "systemd[1]", "Finished apt-daily-upgrade.service - Daily apt upgrade and clean activities."


def _services(random: Random) -> Lines:
    yield random.choice(
        (
            (
                "named[731]",
                "client @0x7f8a 10.20.1.9#53411 (www.example.org): query: www.example.org IN A + (10.20.0.1)",
            ),
            (
                "smartd[620]",
                "Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 64 to 63",
            ),
            (
                "dockerd[811]",
                'time="2025-03-03T10:00:00Z" level=info msg="ignoring event" container=3f2a module=libcontainerd',
            ),
            ("containerd[700]", 'time="2025-03-03T10:00:00Z" level=info msg="shim disconnected" id=3f2a'),
            ("NetworkManager[600]", "<info>  [1741000000.1] dhcp4 (eth0): state changed new lease, address=10.20.1.9"),
            ("polkitd[590]", "Registered Authentication Agent for unix-process:4711:99 (system bus name :1.99)"),
            ("snapd[640]", "storehelpers.go:769: cannot refresh: snap has no updates available"),
            ("rsyslogd", '[origin software="rsyslogd" swVersion="8.2302.0" x-pid="602"] rsyslogd was HUPed'),
            ("dovecot", "imap-login: Login: user=<ann>, method=PLAIN, rip=10.20.1.9, lip=10.20.0.1, mpid=4711, TLS"),
            (
                "haproxy[900]",
                "10.20.1.9:53411 [03/Mar/2025:10:00:00.1] www shop/web1 0/0/1/5/6 200 512 - - ---- 1/1/0/0/0 0/0",
            ),
            (
                "postgres[820]",
                "[3-1] LOG:  checkpoint complete: wrote 42 buffers (0.3%); 0 WAL file(s) added, 0 removed",
            ),
            ("su", "(to postgres) ann on pts/1"),
        )
    )


_KINDS: tuple[Callable[[Random], Lines], ...] = (
    _cron, _systemd, _login, _mistyped, _sudo, _kernel, _dhclient, _ntpd, _postfix, _upgrade, _services,
)  # fmt: skip
_WEIGHTS = (30, 15, 12, 1, 12, 12, 8, 6, 15, 1, 25)
