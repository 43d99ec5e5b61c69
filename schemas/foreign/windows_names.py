"""What Sigma calls the channels and the events of Windows: services by channel, categories by channel and event id.

From the taxonomy of the Sigma specification (2.1) and what SigmaHQ's rules ask for.
"""

from collections.abc import Mapping
from types import MappingProxyType

SYSMON = "microsoft-windows-sysmon/operational"
SYSMON_LINUX = "linux-sysmon/operational"
_POWERSHELL = ("microsoft-windows-powershell/operational", "powershellcore/operational")
_CLASSIC = "windows powershell"
SECURITY = "security"

_CHANNELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "application": ("Application",),
        "application-experience": (
            "Microsoft-Windows-Application-Experience/Program-Telemetry",
            "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant",
        ),
        "applocker": (
            "Microsoft-Windows-AppLocker/MSI and Script",
            "Microsoft-Windows-AppLocker/EXE and DLL",
            "Microsoft-Windows-AppLocker/Packaged app-Deployment",
            "Microsoft-Windows-AppLocker/Packaged app-Execution",
        ),
        "appmodel-runtime": ("Microsoft-Windows-AppModel-Runtime/Admin",),
        "appxdeployment-server": ("Microsoft-Windows-AppXDeploymentServer/Operational",),
        "appxpackaging-om": ("Microsoft-Windows-AppxPackaging/Operational",),
        "bitlocker": ("Microsoft-Windows-BitLocker/BitLocker Management",),
        "bits-client": ("Microsoft-Windows-Bits-Client/Operational",),
        "capi2": ("Microsoft-Windows-CAPI2/Operational",),
        "certificateservicesclient-lifecycle-system": (
            "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        ),
        "codeintegrity-operational": ("Microsoft-Windows-CodeIntegrity/Operational",),
        "dhcp": ("Microsoft-Windows-DHCP-Server/Operational",),
        "diagnosis-scripted": ("Microsoft-Windows-Diagnosis-Scripted/Operational",),
        "dns-client": (
            "Microsoft-Windows-DNS Client Events/Operational",
            "Microsoft-Windows-DNS-Client/Operational",
        ),
        "dns-server": ("DNS Server",),
        "dns-server-analytic": ("Microsoft-Windows-DNS-Server/Analytical",),
        "dns-server-audit": ("Microsoft-Windows-DNS-Server/Audit",),
        "driver-framework": ("Microsoft-Windows-DriverFrameworks-UserMode/Operational",),
        "firewall-as": ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",),
        "hyper-v-worker": ("Microsoft-Windows-Hyper-V-Worker",),
        "iis-configuration": ("Microsoft-IIS-Configuration/Operational",),
        "kernel-event-tracing": ("Microsoft-Windows-Kernel-EventTracing",),
        "kernel-shimengine": (
            "Microsoft-Windows-Kernel-ShimEngine/Operational",
            "Microsoft-Windows-Kernel-ShimEngine/Diagnostic",
        ),
        "ldap": ("Microsoft-Windows-LDAP-Client/Debug",),
        "lsa-server": ("Microsoft-Windows-LSA/Operational",),
        "microsoft-servicebus-client": (
            "Microsoft-ServiceBus-Client/Operational",
            "Microsoft-ServiceBus-Client/Admin",
        ),
        "msexchange-management": ("MSExchange Management",),
        "ntfs": ("Microsoft-Windows-Ntfs/Operational",),
        "ntlm": ("Microsoft-Windows-NTLM/Operational",),
        "openssh": ("OpenSSH/Operational",),
        "powershell": _POWERSHELL,
        "powershell-classic": (_CLASSIC,),
        "printservice-admin": ("Microsoft-Windows-PrintService/Admin",),
        "printservice-operational": ("Microsoft-Windows-PrintService/Operational",),
        "security": (SECURITY,),
        "security-mitigations": (
            "Microsoft-Windows-Security-Mitigations/Kernel Mode",
            "Microsoft-Windows-Security-Mitigations/User Mode",
        ),
        "sense": ("Microsoft-Windows-SENSE/Operational",),
        "shell-core": ("Microsoft-Windows-Shell-Core/Operational",),
        "smbclient-connectivity": ("Microsoft-Windows-SmbClient/Connectivity",),
        "smbclient-security": ("Microsoft-Windows-SmbClient/Security",),
        "smbserver-connectivity": ("Microsoft-Windows-SMBServer/Connectivity",),
        "sysmon": (SYSMON, SYSMON_LINUX),
        "system": ("System",),
        "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational",),
        "terminalservices-localsessionmanager": ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",),
        "vhdmp": ("Microsoft-Windows-VHDMP/Operational",),
        "windefend": ("Microsoft-Windows-Windows Defender/Operational",),
        "wmi": ("Microsoft-Windows-WMI-Activity/Operational",),
    }
)
SERVICES: Mapping[str, str] = MappingProxyType(
    {channel.lower(): service for service, channels in _CHANNELS.items() for channel in channels}
)
"""Service by channel, in lower case."""

_OF_SYSMON: Mapping[int, str] = MappingProxyType(
    {
        1: "process_creation",
        2: "file_change",
        3: "network_connection",
        4: "sysmon_status",
        5: "process_termination",
        6: "driver_load",
        7: "image_load",
        8: "create_remote_thread",
        9: "raw_access_thread",
        10: "process_access",
        11: "file_event",
        12: "registry_add",
        13: "registry_set",
        14: "registry_rename",
        15: "create_stream_hash",
        16: "sysmon_status",
        17: "pipe_created",
        18: "pipe_created",
        19: "wmi_event",
        20: "wmi_event",
        21: "wmi_event",
        22: "dns_query",
        23: "file_delete",
        24: "clipboard_capture",
        25: "process_tampering",
        26: "file_delete",
        27: "file_block_executable",
        28: "file_block_shredding",
        29: "file_executable_detected",
        255: "sysmon_error",
    }
)
REGISTRY_DELETE = "registry_delete"
"""Sysmon's 12 is of two categories: which, its `EventType` says."""

CATEGORIES: Mapping[tuple[str, int], str] = MappingProxyType(
    {(channel, number): category for channel in (SYSMON, SYSMON_LINUX) for number, category in _OF_SYSMON.items()}
    | {(channel, 4103): "ps_module" for channel in _POWERSHELL}
    | {(channel, 4104): "ps_script" for channel in _POWERSHELL}
    | {
        (_CLASSIC, 400): "ps_classic_start",
        (_CLASSIC, 600): "ps_classic_provider_start",
        (_CLASSIC, 800): "ps_classic_script",
        (SECURITY, 4688): "process_creation",
    }
)
"""Category by channel, in lower case, and event id."""
