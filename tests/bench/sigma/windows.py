"""What ordinary Windows machines do: process starts as Sysmon tells them, and people and software at a shell."""

from random import Random
from typing import Any

from tests.bench.sigma.words import (
    PEOPLE,
    POWERSHELL_MODULES,
    WINDOWS_FOLDERS,
    digits,
    guid,
    hexadecimal,
    hostname,
    internal_address,
    word,
)

Event = dict[str, Any]

SYSTEM32 = "C:\\Windows\\System32\\"
POWERSHELL = SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
PROGRAMS = "C:\\Program Files\\"
PROGRAMS_X86 = "C:\\Program Files (x86)\\"

# Image, what its version says (description, product, company), how it is called, by whom.
_SERVICES = SYSTEM32 + "services.exe"
_SVCHOST = SYSTEM32 + "svchost.exe"
_EXPLORER = "C:\\Windows\\explorer.exe"
_CHROME = PROGRAMS + "Google\\Chrome\\Application\\chrome.exe"
_EDGE = PROGRAMS_X86 + "Microsoft\\Edge\\Application\\msedge.exe"
_TEAMS = "C:\\Users\\{user}\\AppData\\Local\\Microsoft\\Teams\\current\\Teams.exe"
_CODE = "C:\\Users\\{user}\\AppData\\Local\\Programs\\Microsoft VS Code\\Code.exe"
_OFFICE = PROGRAMS + "Microsoft Office\\root\\Office16\\"
_WINDOWS = ("Microsoft® Windows® Operating System", "Microsoft Corporation")

_Program = tuple[str, str, str, str, list[str], list[str]]

ORDINARY: list[_Program] = [
    (_SVCHOST, "Host Process for Windows Services", *_WINDOWS,
     ["{image} -k netsvcs -p -s {service}", "{image} -k LocalServiceNetworkRestricted -p -s {service}",
      "{image} -k UnistackSvcGroup -s {service}", "{image} -k wsappx -p -s AppXSvc"], [_SERVICES]),
    (SYSTEM32 + "conhost.exe", "Console Window Host", *_WINDOWS,
     ["\\??\\{image} 0xffffffff -ForceV1", "\\??\\{image} 0x4"],
     [PROGRAMS + "Git\\cmd\\git.exe", PROGRAMS + "nodejs\\node.exe", _CODE]),
    (SYSTEM32 + "backgroundTaskHost.exe", "Background Task Host", *_WINDOWS,
     ['"{image}" -ServerName:App.AppX{word}{digits}.mca'], [_SVCHOST]),
    (SYSTEM32 + "RuntimeBroker.exe", "Runtime Broker", *_WINDOWS, ["{image} -Embedding"], [_SVCHOST]),
    (SYSTEM32 + "dllhost.exe", "COM Surrogate", *_WINDOWS, ["{image} /Processid:{{{guid}}}"], [_SVCHOST]),
    (SYSTEM32 + "taskhostw.exe", "Host Process for Windows Tasks", *_WINDOWS,
     ["{image}", "{image} SYSTEM", "{image} Install $(Arg0)"], [_SVCHOST]),
    (SYSTEM32 + "SearchProtocolHost.exe", "Microsoft Windows Search Protocol Host", *_WINDOWS,
     ['"{image}" Global\\UsGthrFltPipeMssGthrPipe{digits}_ Global\\UsGthrCtrlFltPipeMssGthrPipe{digits} 1 '
      '-2147483646 "Software\\Microsoft\\Windows Search" "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT; MS Search 4.0 '
      'Robot)" "C:\\ProgramData\\Microsoft\\Search\\Data\\Temp\\usgthrsvc" "DownLevelDaemon"'],
     [SYSTEM32 + "SearchIndexer.exe"]),
    (SYSTEM32 + "SearchFilterHost.exe", "Microsoft Windows Search Filter Host", *_WINDOWS,
     ['"{image}" 0 {digits} {digits} {digits} 8192 {digits}'], [SYSTEM32 + "SearchIndexer.exe"]),
    (SYSTEM32 + "wbem\\WmiPrvSE.exe", "WMI Provider Host", *_WINDOWS, ["{image} -secured -Embedding"], [_SVCHOST]),
    (SYSTEM32 + "smartscreen.exe", "Windows Defender SmartScreen", *_WINDOWS, ["{image} -Embedding"], [_SVCHOST]),
    (SYSTEM32 + "sppsvc.exe", "Microsoft Software Protection Platform Service", *_WINDOWS, ["{image}"], [_SERVICES]),
    (SYSTEM32 + "audiodg.exe", "Windows Audio Device Graph Isolation", *_WINDOWS, ["{image} 0x{hex8}"], [_SVCHOST]),
    (SYSTEM32 + "ctfmon.exe", "CTF Loader", *_WINDOWS, ['"{name}"'], [_SVCHOST]),
    (SYSTEM32 + "MusNotification.exe", "MusNotification.exe", *_WINDOWS, ["{image} Display"], [_SVCHOST]),
    (SYSTEM32 + "gpupdate.exe", "Microsoft Group Policy Update Utility", *_WINDOWS, ["gpupdate.exe /target:user"], [_SVCHOST]),
    (SYSTEM32 + "notepad.exe", "Notepad", *_WINDOWS,
     ['"{image}" {folder}\\{word}.txt', '"{image}"'], [_EXPLORER]),
    (SYSTEM32 + "mmc.exe", "Microsoft Management Console", *_WINDOWS, ['"{image}" "{system}services.msc"'], [_EXPLORER]),
    ("C:\\Windows\\System32\\DriverStore\\FileRepository\\igdlh64.inf_amd64_{hex16}\\igfxEM.exe", "igfxEM Module",
     "Intel(R) Common User Interface", "Intel Corporation", ["igfxEM.exe"], [_SVCHOST]),
    ("C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.23110.3-0\\MpCmdRun.exe",
     "Microsoft Malware Protection Command Line Utility", *_WINDOWS,
     ['"{image}" SpyNetServiceDss -RestrictPrivileges -AccessKey {guid} -Reinvoke', '"{image}" -IdleTask -TaskName WdCacheMaintenance'],
     [_SVCHOST]),
    ("C:\\Windows\\WinSxS\\amd64_microsoft-windows-servicingstack_{hex16}_10.0.19041.3745_none_7ded3f327ca60a41\\TiWorker.exe",
     "Windows Modules Installer Worker", *_WINDOWS, ["{image} -Embedding"], [_SVCHOST]),
    ("C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\ngentask.exe", "Microsoft .NET Framework optimization service",
     "Microsoft® .NET Framework", "Microsoft Corporation", ['"{image}" /RuntimeWide /StopEvent:{digits}'], [SYSTEM32 + "taskhostw.exe"]),
    (_CHROME, "Google Chrome", "Google Chrome", "Google LLC",
     ['"{image}" --type=renderer --display-capture-permissions-policy-allowed --lang=en-US --device-scale-factor=1.25 '
      "--num-raster-threads=4 --enable-main-frame-before-activation --renderer-client-id={digits} "
      "--time-ticks-at-unix-epoch=-17{digits}{digits} --launch-time-ticks={digits}{digits} "
      "--field-trial-handle={digits},i,{digits}{digits},{digits}{digits},262144 --variations-seed-version "
      "--mojo-platform-channel-handle={digits} /prefetch:1",
      '"{image}" --type=utility --utility-sub-type=network.mojom.NetworkService --lang=en-US --service-sandbox-type=none '
      "--field-trial-handle={digits},i,{digits}{digits},{digits}{digits},262144 --variations-seed-version "
      "--mojo-platform-channel-handle={digits} /prefetch:3",
      '"{image}" --type=gpu-process --gpu-preferences=WAAAAAAAAADgAAAEAAAAAAAAAAAAAAAAAABgAAEAAAA4AAAAAAAAAAAAAAA '
      "--field-trial-handle={digits},i,{digits}{digits},262144 --mojo-platform-channel-handle={digits} /prefetch:2",
      '"{image}" --single-argument https://{host}/{word}/{word}?id={digits}'], [_CHROME, _EXPLORER]),
    (_EDGE, "Microsoft Edge", "Microsoft Edge", "Microsoft Corporation",
     ['"{image}" --type=renderer --lang=en-US --js-flags=--ms-user-locale= --device-scale-factor=1 --num-raster-threads=2 '
      "--renderer-client-id={digits} --field-trial-handle={digits},i,{digits}{digits},262144 /prefetch:1",
      '"{image}" --no-startup-window --win-session-start'], [_EDGE, _EXPLORER]),
    (PROGRAMS_X86 + "Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe", "Microsoft Edge Update", "Microsoft Edge Update",
     "Microsoft Corporation", ['"{image}" /ua /installsource scheduler', '"{image}" /c'], [_SVCHOST]),
    (PROGRAMS + "Mozilla Firefox\\firefox.exe", "Firefox", "Firefox", "Mozilla Corporation",
     ['"{image}" -contentproc --channel={digits}.{digits} -childID 5 -isForBrowser -prefsHandle {digits} -prefMapSize '
      '{digits} -jsInitHandle {digits} -parentBuildID 20231211174248 - {digits} tab'],
     [PROGRAMS + "Mozilla Firefox\\firefox.exe"]),
    (_TEAMS, "Microsoft Teams", "Microsoft Teams", "Microsoft Corporation",
     ['"{image}" --type=renderer --enable-wer --ms-teams-less-cors=522133263 '
      '--app-user-model-id=com.squirrel.Teams.Teams --app-path="C:\\Users\\{user}\\AppData\\Local\\Microsoft\\Teams\\'
      'current\\resources\\app.asar" --no-sandbox --lang=en-us /prefetch:1'], [_TEAMS]),
    (_CODE, "Visual Studio Code", "Visual Studio Code", "Microsoft Corporation",
     ['"{image}" --type=utility --utility-sub-type=node.mojom.NodeService --lang=en-US --service-sandbox-type=none '
      '--user-data-dir="C:\\Users\\{user}\\AppData\\Roaming\\Code" --field-trial-handle={digits},i,{digits},262144'],
     [_CODE]),
    (_OFFICE + "WINWORD.EXE", "Microsoft Word", "Microsoft Office", "Microsoft Corporation",
     ['"{image}" /n "{folder}\\{word} {word}.docx" /o ""'], [_EXPLORER]),
    (_OFFICE + "EXCEL.EXE", "Microsoft Excel", "Microsoft Office", "Microsoft Corporation",
     ['"{image}" "{folder}\\{word}-{digits}.xlsx"'], [_EXPLORER]),
    (_OFFICE + "OUTLOOK.EXE", "Microsoft Outlook", "Microsoft Outlook", "Microsoft Corporation", ['"{image}"'], [_EXPLORER]),
    (PROGRAMS + "Git\\cmd\\git.exe", "Git for Windows", "Git", "The Git Development Community",
     ["git.exe -c core.quotepath=false status -z -u", "git.exe fetch", "git.exe rev-parse --show-toplevel",
      "git.exe for-each-ref --sort -committerdate --format %(refname)"], [_CODE]),
    (PROGRAMS + "nodejs\\node.exe", "Node.js JavaScript Runtime", "Node.js", "Node.js",
     ['"{image}" "{folder}\\node_modules\\typescript\\lib\\tsserver.js" --useInferredProjectPerProjectRoot '
      "--enableTelemetry --cancellationPipeName C:\\Users\\{user}\\AppData\\Local\\Temp\\vscode-typescript\\{hex16}\\tsca*",
      'node {folder}\\{word}\\node_modules\\.bin\\eslint --format json'], [_CODE]),
    (PROGRAMS + "Python311\\python.exe", "Python", "Python", "Python Software Foundation",
     ["python.exe -m pytest -q tests\\{word}", "python.exe {folder}\\{word}.py --input {word}.csv"], [_CODE]),
    (PROGRAMS + "7-Zip\\7zFM.exe", "7-Zip File Manager", "7-Zip", "Igor Pavlov", ['"{image}" "{folder}\\{word}.zip"'], [_EXPLORER]),
    (PROGRAMS + "VMware\\VMware Tools\\vmtoolsd.exe", "VMware Tools Core Service", "VMware Tools", "VMware, Inc.",
     ['"{image}" -n vmusr'], [_EXPLORER]),
    (PROGRAMS + "Docker\\Docker\\resources\\bin\\docker.exe", "Docker Client", "Docker", "Docker Inc.",
     ["docker ps --format json", "docker compose -f {folder}\\compose.yaml up -d"], [_CODE]),
    ("C:\\Users\\{user}\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe", "Microsoft OneDrive", "Microsoft OneDrive",
     "Microsoft Corporation", ['"{image}" /background'], [_EXPLORER]),
    (PROGRAMS + "Adobe\\Acrobat DC\\Acrobat\\Acrobat.exe", "Adobe Acrobat", "Adobe Acrobat", "Adobe Systems Incorporated",
     ['"{image}" "C:\\Users\\{user}\\Downloads\\{word}_{digits}.pdf"'], [_EXPLORER]),
    (PROGRAMS + "Zoom\\bin\\Zoom.exe", "Zoom Meetings", "Zoom Meetings", "Zoom Video Communications, Inc.",
     ['"{image}" --url=zoommtg://zoom.us/join?confno={digits}'], [_CHROME]),
]  # fmt: skip

SHELLS: list[_Program] = [
    (SYSTEM32 + "cmd.exe", "Windows Command Processor", *_WINDOWS,
     ['{image} /c "npm run build"', '{image} /d /s /c "tsc -p . && node dist/{word}.js"', '"{image}"',
      '{image} /c dir {folder} /b /s', "{image} /c \"{folder}\\{word}.bat\"", "{image} /c ver",
      '{image} /c "robocopy {folder} D:\\backup\\{word} /MIR /R:1"', "{image} /c net use Z: \\\\{server}\\share",
      '{image} /C "chcp 65001 > nul & git log -1 --format=%H"', "{image} /c echo %PATH%"],
     [_EXPLORER, _CODE, PROGRAMS + "nodejs\\node.exe", _SVCHOST]),
    (POWERSHELL, "Windows PowerShell", *_WINDOWS,
     ["powershell.exe -NoProfile -ExecutionPolicy Bypass -File {folder}\\{word}.ps1", '"{image}"',
      'powershell.exe -NoLogo -NonInteractive -Command "Get-Service | Where-Object Status -eq Running"',
      'powershell.exe -Command "& {{Get-ChildItem {folder} -Recurse | Measure-Object -Property Length -Sum}}"',
      'powershell -c "Import-Module {module}; Get-Command -Module {module}"',
      '"{image}" -NoProfile -Command "Test-NetConnection {server} -Port 443"',
      "powershell.exe -ExecutionPolicy RemoteSigned -File C:\\ProgramData\\{word}\\inventory.ps1 -Server {server}"],
     [_EXPLORER, _SVCHOST, SYSTEM32 + "cmd.exe", _CODE]),
    (PROGRAMS + "PowerShell\\7\\pwsh.exe", "pwsh", "PowerShell", "Microsoft Corporation",
     ['"{image}" -NoLogo -NoExit -Command "cd {folder}"', "pwsh -File {folder}\\{word}.ps1 -Verbose"], [_EXPLORER, _CODE]),
    (SYSTEM32 + "ipconfig.exe", "IP Configuration Utility", *_WINDOWS, ["ipconfig", "ipconfig /all"], [SYSTEM32 + "cmd.exe"]),
    (SYSTEM32 + "net.exe", "Net Command", *_WINDOWS, ["net use", "net start {service}", "net stop {service}"],
     [SYSTEM32 + "cmd.exe"]),
    (SYSTEM32 + "reg.exe", "Registry Console Tool", *_WINDOWS,
     ['reg query "HKLM\\SOFTWARE\\{word}\\Setup" /v Version', "reg query HKCU\\Environment"], [SYSTEM32 + "cmd.exe"]),
    (SYSTEM32 + "schtasks.exe", "Task Scheduler Configuration Tool", *_WINDOWS,
     ["schtasks /query /fo csv /v", 'schtasks /run /tn "{word}"'], [SYSTEM32 + "cmd.exe", POWERSHELL]),
    (SYSTEM32 + "PING.EXE", "TCP/IP Ping Command", *_WINDOWS, ["ping -n 2 {address}", "ping {server}"], [SYSTEM32 + "cmd.exe"]),
    (SYSTEM32 + "tasklist.exe", "Lists the current running tasks", *_WINDOWS, ["tasklist /fi \"PID eq {digits}\""],
     [SYSTEM32 + "cmd.exe"]),
    (SYSTEM32 + "timeout.exe", "timeout - pauses command processing", *_WINDOWS, ["timeout /t 5 /nobreak"],
     [SYSTEM32 + "cmd.exe"]),
]  # fmt: skip


def started(random: Random, programs: list[_Program]) -> Event:
    """A process start, of one of the programs."""
    image, description, product, company, calls, parents = random.choice(programs)
    user = random.choice(PEOPLE)
    folder = random.choice(WINDOWS_FOLDERS).format(user=user, word=word(random))
    image = image.format(user=user, hex16=hexadecimal(random, 16))
    name = image.rpartition("\\")[2]
    parent = random.choice(parents).format(user=user)
    call = random.choice(calls).format(
        image=image, name=name, user=user, folder=folder, word=word(random), digits=digits(random, 5), guid=guid(random),
        hex8=hexadecimal(random, 8), hex16=hexadecimal(random, 16), host=hostname(random), server=word(random) + "01",
        address=internal_address(random), service=word(random).title() + "Svc", system=SYSTEM32,
        module=random.choice(POWERSHELL_MODULES),
    )  # fmt: skip
    service = parent in (_SERVICES, _SVCHOST)
    return {
        "EventID": 1,
        "UtcTime": f"2024-03-{random.randint(10, 28)} {random.randint(10, 23)}:{random.randint(10, 59)}:12.{digits(random, 3)}",
        "ProcessGuid": f"{{{guid(random)}}}",
        "ProcessId": random.randint(400, 30_000),
        "Image": image,
        "FileVersion": f"10.0.19041.{digits(random, 4)} (WinBuild.160101.0800)",
        "Description": description,
        "Product": product,
        "Company": company,
        "OriginalFileName": name,
        "CommandLine": call,
        "CurrentDirectory": SYSTEM32 if service else folder + "\\",
        "User": "NT AUTHORITY\\SYSTEM" if service else f"CORP\\{user}",
        "LogonGuid": f"{{{guid(random)}}}",
        "LogonId": f"0x{hexadecimal(random, 5)}",
        "TerminalSessionId": 0 if service else 1,
        "IntegrityLevel": "System" if service else random.choice(("Medium", "Medium", "High", "Low")),
        "Hashes": f"MD5={hexadecimal(random, 32).upper()},SHA256={hexadecimal(random, 64).upper()},"
        f"IMPHASH={hexadecimal(random, 32).upper()}",
        "ParentProcessGuid": f"{{{guid(random)}}}",
        "ParentProcessId": random.randint(400, 30_000),
        "ParentImage": parent,
        "ParentCommandLine": f'"{parent}"' if not service else f"{parent} -k netsvcs -p",
        "ParentUser": "NT AUTHORITY\\SYSTEM" if service else f"CORP\\{user}",
        "Computer": f"WS{digits(random, 4)}.corp.example",
    }
