"""What ordinary Linux machines do: process starts, and the lines of syslog."""

from random import Random
from typing import Any

from tests.bench.sigma.words import digits, guid, hexadecimal, hostname, internal_address, public_address, word

Event = dict[str, Any]

_USERS = ("root", "www-data", "postgres", "deploy", "amelie", "jenkins", "prometheus")
_SYSTEMD, _CRON, _SSHD, _BASH = "/usr/lib/systemd/systemd", "/usr/sbin/cron", "/usr/sbin/sshd", "/usr/bin/bash"
_CONTAINERD = "/usr/bin/containerd-shim-runc-v2"

_Program = tuple[str, list[str], list[str]]

ORDINARY: list[_Program] = [
    ("/usr/bin/python3.11", ["python3 /opt/{word}/{word}.py --config /etc/{word}.yaml",
                             "/opt/{word}/venv/bin/python -m gunicorn {word}.wsgi --workers 4 --bind 127.0.0.1:{port}"],
     [_SYSTEMD, _CONTAINERD]),
    ("/usr/sbin/nginx", ["nginx: worker process", "/usr/sbin/nginx -g daemon on; master_process on;"], [_SYSTEMD]),
    ("/usr/lib/postgresql/15/bin/postgres", ["postgres: 15/main: {word} {word} 127.0.0.1({port}) idle",
                                             "postgres: 15/main: autovacuum worker {word}"],
     ["/usr/lib/postgresql/15/bin/postgres"]),
    ("/usr/bin/node", ["node /srv/{word}/server.js --port {port}", "node --max-old-space-size=2048 dist/main.js"],
     [_CONTAINERD, _SYSTEMD]),
    ("/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
     ["java -Xms512m -Xmx2g -XX:+UseG1GC -Dspring.profiles.active=production -jar /opt/{word}/{word}-1.{digits}.jar",
      "/usr/lib/jvm/java-17-openjdk-amd64/bin/java -cp /opt/kafka/libs/* -Dkafka.logs.dir=/var/log/kafka kafka.Kafka "
      "/etc/kafka/server.properties"], [_SYSTEMD]),
    ("/usr/bin/runc", ["runc --root /var/run/docker/runtime-runc/moby --log /run/containerd/io.containerd.runtime.v2.task/"
                       "moby/{hex}/log.json --log-format json exec --process /tmp/runc-process{digits} --detach {hex}"],
     [_CONTAINERD]),
    ("/usr/bin/pg_isready", ["pg_isready -U {word} -d {word}"], [_CONTAINERD]),
    ("/usr/bin/date", ["date +%s", "date -u +%Y-%m-%dT%H:%M:%SZ"], [_BASH]),
    ("/usr/bin/sort", ["sort -u", "sort -k2 -n"], [_BASH]),
    ("/usr/bin/sed", ["sed -e s/{word}/{word}/g /etc/{word}.conf"], [_BASH]),
    ("/usr/bin/awk", ["awk {{print $2}}"], [_BASH]),
    ("/usr/bin/ls", ["ls -la /srv/{word}", "ls --color=auto"], [_BASH]),
    ("/usr/bin/df", ["df -P -k", "df -h /"], [_BASH, "/usr/bin/node_exporter"]),
    ("/usr/bin/rsync", ["rsync -a --delete /srv/{word}/ backup@{server}:/backup/{word}/"], [_CRON]),
    ("/usr/bin/apt-get", ["apt-get -qq -y update"], ["/usr/lib/apt/apt.systemd.daily"]),
    ("/usr/lib/systemd/systemd-tmpfiles", ["/usr/bin/systemd-tmpfiles --clean"], [_SYSTEMD]),
    ("/usr/sbin/logrotate", ["/usr/sbin/logrotate /etc/logrotate.conf"], [_SYSTEMD]),
    ("/usr/bin/git", ["git fetch origin", "git status --porcelain"], ["/usr/bin/jenkins-agent", _BASH]),
    ("/usr/bin/make", ["make -j4 all"], [_BASH]),
    ("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", ["/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet -imultiarch x86_64-linux-gnu "
                                              "{word}.c -O2 -Wall -o /tmp/cc{hex8}.s"], ["/usr/bin/gcc"]),
    (_SSHD, ["sshd: {user} [priv]", "/usr/sbin/sshd -D -R"], [_SSHD]),
]  # fmt: skip

SHELLS: list[_Program] = [
    (_BASH, ["bash -c cd /srv/{word} && ./{word}.sh", "-bash", "/bin/bash /opt/{word}/bin/run.sh --once",
             "bash -lc npm run build"], [_SSHD, _SYSTEMD, _CONTAINERD, "/usr/bin/jenkins-agent"]),
    ("/usr/bin/dash", ["/bin/sh -c test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily",
                       "sh -c pg_dump {word} | gzip > /backup/{word}.sql.gz", "/bin/sh -c nginx -t"], [_CRON, _SYSTEMD]),
    ("/usr/bin/grep", ["grep -r {word} /etc/{word}", "grep -c processor /proc/cpuinfo"], [_BASH]),
    ("/usr/bin/curl", ["curl -fsS http://127.0.0.1:{port}/healthz", "curl -s https://{host}/api/v1/{word}"], [_BASH, _CRON]),
    ("/usr/bin/sudo", ["sudo systemctl restart {word}", "sudo -u postgres psql -c select 1"], [_BASH]),
    ("/usr/bin/systemctl", ["systemctl status {word}", "systemctl is-active {word}.service"], [_BASH]),
    ("/usr/bin/cat", ["cat /proc/loadavg", "cat /var/log/{word}.log"], [_BASH]),
    ("/usr/bin/find", ["find /var/tmp -mtime +7 -type f"], [_CRON]),
    ("/usr/bin/tar", ["tar czf /backup/{word}-{digits}.tar.gz /srv/{word}"], [_CRON]),
    ("/usr/bin/chmod", ["chmod 640 /etc/{word}.conf"], [_BASH]),
    ("/usr/bin/ps", ["ps -eo pid,comm,rss --no-headers"], [_BASH]),
    ("/usr/bin/id", ["id -u"], [_BASH]),
]  # fmt: skip


def started(random: Random, programs: list[_Program]) -> Event:
    """A process start, of one of the programs, as Sysmon for Linux tells it."""
    image, calls, parents = random.choice(programs)
    user, parent = random.choice(_USERS), random.choice(parents)
    return {
        "EventID": 1,
        "ProcessGuid": f"{{{guid(random)}}}",
        "ProcessId": random.randint(300, 400_000),
        "Image": image,
        "CommandLine": _filled(random, random.choice(calls)),
        "CurrentDirectory": random.choice(
            ("/", "/root", f"/srv/{word(random)}", f"/home/{user}", "/var/lib/postgresql")
        ),
        "User": user,
        "LogonId": random.randint(0, 1000),
        "IntegrityLevel": "no level",
        "Hashes": "-",
        "ParentProcessId": random.randint(1, 400_000),
        "ParentImage": parent,
        "ParentCommandLine": f"{parent} --config /etc/{word(random)}.conf" if random.random() < 0.3 else parent,
        "ParentUser": "root",
        "Computer": f"{word(random)}-{digits(random, 2)}",
    }


_LINES: list[tuple[str, str]] = [
    ("sshd", "Accepted publickey for deploy from {inside} port {port} ssh2: ED25519 SHA256:{hex}"),
    ("sshd", "Failed password for invalid user {word} from {outside} port {port} ssh2"),
    ("sshd", "Connection closed by {outside} port {port} [preauth]"),
    ("sshd", "pam_unix(sshd:session): session opened for user deploy(uid=1001) by (uid=0)"),
    ("sshd", "Received disconnect from {inside} port {port}:11: disconnected by user"),
    ("sudo", "  deploy : TTY=pts/0 ; PWD=/srv/{word} ; USER=root ; COMMAND=/usr/bin/systemctl restart {word}"),
    ("sudo", "pam_unix(sudo:session): session opened for user root(uid=0) by deploy(uid=1001)"),
    ("cron", "(root) CMD (test -x /usr/sbin/anacron || {{ cd / && run-parts --report /etc/cron.daily; }})"),
    ("cron", "pam_unix(cron:session): session closed for user root"),
    ("systemd", "Started {word}.service - {word} worker."),
    ("systemd", "{word}.service: Deactivated successfully."),
    ("systemd", "Starting logrotate.service - Rotate log files..."),
    ("kernel", "[{digits}.{digits}] eth0: renamed from veth{hex8}"),
    ("kernel", "[{digits}.{digits}] docker0: port 2(veth{hex8}) entered forwarding state"),
    ("kernel", "[{digits}.{digits}] audit: type=1400 audit({digits}.1:33): apparmor=\"STATUS\" operation=\"profile_load\""),
    ("dhclient", "DHCPACK of {inside} from {inside}"),
    ("postfix", "{hex8}: to=<{word}@{host}>, relay={host}[{outside}]:25, delay=0.8, dsn=2.0.0, status=sent (250 OK)"),
    ("dockerd", "time=\"2024-03-12T10:00:0{port}Z\" level=info msg=\"ignoring event\" container={hex} module=libcontainerd"),
    ("chronyd", "Selected source {outside} ({host})"),
    ("postgres", "LOG:  checkpoint complete: wrote {digits} buffers (1.4%); 0 WAL file(s) added, write=9.{digits} s"),
]  # fmt: skip


def syslog(random: Random) -> Event:
    """A line of syslog; who wrote it is the service of its log source too."""
    program, line = random.choice(_LINES)
    return {
        "message": _filled(random, line),
        "process.name": program,
        "process.pid": random.randint(300, 400_000),
        "host.hostname": f"{word(random)}-{digits(random, 2)}",
    }


def _filled(random: Random, template: str) -> str:
    return template.format(
        word=word(random), port=random.randint(1024, 65_535), digits=digits(random, 4), hex=hexadecimal(random, 64),
        hex8=hexadecimal(random, 8), server=word(random) + "-01", user=random.choice(_USERS), host=hostname(random),
        inside=internal_address(random), outside=public_address(random),
    )  # fmt: skip
