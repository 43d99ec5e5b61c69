"""What the numbers in audit records stand for, as far as rules ask: system calls, and the bytes of a socket address."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address

_COMMON = {
    "c000003e": "0:read 1:write 2:open 41:socket 42:connect 43:accept 44:sendto 49:bind 50:listen 56:clone 57:fork "
    "58:vfork 59:execve 62:kill 76:truncate 77:ftruncate 80:chdir 82:rename 83:mkdir 84:rmdir 85:creat 86:link "
    "87:unlink 88:symlink 90:chmod 91:fchmod 92:chown 93:fchown 94:lchown 99:sysinfo 101:ptrace 103:syslog "
    "105:setuid 106:setgid 113:setreuid 117:setresuid 133:mknod 135:personality 155:pivot_root 159:adjtimex "
    "161:chroot 164:settimeofday 165:mount 166:umount2 169:reboot 170:sethostname 171:setdomainname 175:init_module "
    "176:delete_module 188:setxattr 197:removexattr 227:clock_settime 246:kexec_load 257:openat 258:mkdirat "
    "259:mknodat 260:fchownat 263:unlinkat 264:renameat 265:linkat 266:symlinkat 268:fchmodat 272:unshare "
    "288:accept4 304:open_by_handle_at 308:setns 310:process_vm_readv 311:process_vm_writev 313:finit_module "
    "316:renameat2 319:memfd_create 320:kexec_file_load 321:bpf 322:execveat 435:clone3 437:openat2",
    "c00000b7": "5:setxattr 14:removexattr 33:mknodat 34:mkdirat 35:unlinkat 36:symlinkat 37:linkat 38:renameat "
    "39:umount2 40:mount 45:truncate 46:ftruncate 49:chdir 51:chroot 52:fchmod 53:fchmodat 54:fchownat 55:fchown "
    "56:openat 63:read 64:write 92:personality 97:unshare 104:kexec_load 105:init_module 106:delete_module "
    "112:clock_settime 116:syslog 117:ptrace 129:kill 142:reboot 144:setgid 145:setreuid 146:setuid 147:setresuid "
    "161:sethostname 162:setdomainname 170:settimeofday 171:adjtimex 179:sysinfo 198:socket 200:bind 201:listen "
    "202:accept 203:connect 206:sendto 220:clone 221:execve 242:accept4 265:open_by_handle_at 268:setns "
    "270:process_vm_readv 271:process_vm_writev 273:finit_module 276:renameat2 279:memfd_create 280:bpf 281:execveat "
    "294:kexec_file_load 435:clone3 437:openat2",
    "40000003": "5:open 8:creat 10:unlink 11:execve 14:mknod 15:chmod 26:ptrace 38:rename 102:socketcall 116:sysinfo "
    "128:init_module 136:personality 295:openat 350:finit_module 356:memfd_create 357:bpf 358:execveat 362:connect",
}
_SYSCALLS: Mapping[str, Mapping[str, str]] = {
    arch: dict(call.split(":") for call in calls.split()) for arch, calls in _COMMON.items()
}
"""By architecture (x86-64, ARM 64, x86) and number."""

SINGLE = (
    "USER", "CRED_", "ACCT_", "GRP_", "DAEMON_", "SERVICE_", "SYSTEM_", "ADD_", "DEL_", "CRYPTO_", "VIRT_", "ROLE_",
    "LABEL_", "CHGRP_ID", "CHUSER_ID", "SOFTWARE_UPDATE", "TEST", "TRUSTED_APP", "RESP_", "USYS_CONFIG",
)  # fmt: skip
"""How the types begin of what programs, not the kernel, say: events of one record."""


def syscall_name(record: Mapping[str, str]) -> str:
    """Where auditd does not write it (`SYSCALL`), that of the number, as far as it is known; "" otherwise."""
    known = record.get("SYSCALL")
    return known or _SYSCALLS.get(record.get("arch", ""), {}).get(record.get("syscall", ""), "")


def address_of(saddr: str) -> tuple[str, str] | None:
    """Address and port of a `struct sockaddr` in hexadecimal; None for one of another family, or that is none."""
    try:
        data = bytes.fromhex(saddr)
    except ValueError:
        return None
    family, port = int.from_bytes(data[:2], "little"), str(int.from_bytes(data[2:4], "big"))
    if family == 2 and len(data) >= 8:
        return str(IPv4Address(data[4:8])), port
    if family == 10 and len(data) >= 24:
        return str(IPv6Address(data[8:24])), port
    return None
