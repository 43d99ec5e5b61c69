"""How often a literal is seen in events, guessed: what is rare is looked for first, and asks few rules for nothing.

Only time depends on the guess. It knows two things: long literals are rarer than short ones, unless they are parts of
what everybody's machines say all day.
"""

from functools import lru_cache

_EVERYDAY = r"""
c:\windows\system32\ c:\windows\syswow64\ c:\windows\winsxs\ c:\windows\temp\
c:\windows\microsoft.net\framework64\v4.0.30319\
c:\windows\explorer.exe c:\program files\ c:\program files (x86)\ c:\programdata\microsoft\windows\ c:\programdata\
d:\
c:\users\public\ c:\users\ \appdata\local\temp\ \appdata\local\microsoft\ \appdata\roaming\microsoft\windows\
\desktop\ \downloads\
\documents\ \windows\ \system32\ \temp\ .exe .dll .sys .exe" .bat .cmd .ps1 .vbs .js .txt .log .tmp .dat .zip .pdf
.docx .xlsx
.html .htm .php .json .xml .csv .conf .cfg .yaml .sh .py .jar .gz .so .service .msi .lnk .ini .db .local .com .net
.org .io
\svchost.exe -k netsvcs -p -s \services.exe \lsass.exe \csrss.exe \wininit.exe \winlogon.exe \smss.exe \system
\registry
\taskhostw.exe \dllhost.exe \rundll32.exe \runtimebroker.exe \backgroundtaskhost.exe \conhost.exe \sihost.exe
\ctfmon.exe
\searchindexer.exe \searchprotocolhost.exe \wmiprvse.exe \msiexec.exe \mpcmdrun.exe \msmpeng.exe \tiworker.exe
\wuauclt.exe
\cmd.exe \powershell.exe \pwsh.exe \powershell_ise.exe \net.exe \net1.exe \reg.exe \sc.exe \schtasks.exe \tasklist.exe
\ping.exe
\ipconfig.exe \whoami.exe \findstr.exe \find.exe \more.com \wscript.exe \cscript.exe \regsvr32.exe \mshta.exe
\wmic.exe
\certutil.exe \bitsadmin.exe \robocopy.exe \xcopy.exe \timeout.exe \notepad.exe \mmc.exe \python.exe \python3.exe
\java.exe
\javaw.exe \node.exe \git.exe \ssh.exe \curl.exe \code.exe \chrome.exe \msedge.exe \firefox.exe \iexplore.exe
\teams.exe
\onedrive.exe \outlook.exe \winword.exe \excel.exe \powerpnt.exe \acrobat.exe \acrord32.exe \7z.exe \explorer.exe
\w3wp.exe
\sqlservr.exe \tomcat.exe \nginx.exe \httpd.exe \docker.exe \winrar.exe \windowspowershell\v1.0\ \microsoft
office\root\office16\
\common files\ \google\chrome\application\ \microsoft\edge\application\ \software\microsoft\windows\currentversion\
hklm\ hkcu\
powershell cmd wscript cscript rundll32 python java node git docker bash chrome edge firefox microsoft windows google
update
microsoft corporation microsoft® windows® operating system windows powershell nt authority\system system high medium
low
/c /c " /c echo /d /s /k cmd /c cmd.exe /c powershell -c powershell.exe -noprofile -executionpolicy bypass -file
-nologo
-noninteractive -command "& { -encodedcommand -windowstyle hidden -embedding /processid:{ import-module get-service
get-childitem get-process get-content get-command where-object select-object foreach-object set-location write-host
out-file new-object invoke-command set-executionpolicy remotesigned true false null none net use net start net stop
net user
config query status start stop list show get set add delete create install update export import run copy move echo
type dir
--type=renderer --type=utility --lang=en-us --field-trial-handle= /prefetch:1 --config --version --help --no-sandbox
--user-data-dir= --url --file --output --input --user --password --port --host -name -path -force -recurse -v -f -e -p
-s -n
/usr/bin/ /usr/sbin/ /usr/lib/ /usr/local/bin/ /bin/ /sbin/ /etc/ /etc/cron.daily /tmp/ /var/tmp/ /var/log/ /var/lib/
/var/run/ /run/
/proc/ /dev/null /dev/shm/ /opt/ /srv/ /home/ /root/ /bin/bash -c /bin/sh -c bash -c sh -c /bash /dash /sh /zsh
/python3 /python
/perl /java /node /nginx /postgres /sshd /sudo /systemd /systemctl /cron /crond /curl /wget /grep /sed /awk /cat /ls
/ps /find
/tar /chmod /chown /cp /mv /rm /mkdir /touch /id /uname /hostname /whoami /df /git /make /gcc /docker /runc
/containerd
/rsync /apt /apt-get /dpkg /yum /dnf /kubectl /date /sort /head /tail /env /su /ping /crontab /logrotate sudo
systemctl restart
chmod +x && | > ; , ^ & ( ) { } [ ] " ' ` $ = : // \\ -- .. ./ ../ *. ?: %temp% %appdata% $env: @ # !
http:// https:// http https 127.0.0.1 localhost 0.0.0.0 10. 192.168. :443 :80 :8080 www. .com/ /api/ /index.html
/index.php
?id= &id= get post head put 200 404 mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko)
chrome/ safari/537.36 gecko/20100101 firefox/ compatible; bot curl/ python-requests/ user root admin administrator
success
failure error failed accepted password session opened closed connection from port invalid service system security
s3.amazonaws.com ec2.amazonaws.com sts.amazonaws.com iam.amazonaws.com kms.amazonaws.com lambda.amazonaws.com iamuser
assumedrole awsservice assumerole getcalleridentity describeinstances getobject putobject listbuckets sign-in activity
singlefactorauthentication multifactorauthentication signinlogs auditlogs administrative microsoft.compute
"""
_ONE_CHARACTER = 0.5
_EACH_CHARACTER = 0.6
_SHORTEST_EVERYDAY = 0.3
_EACH_EVERYDAY_CHARACTER = 0.95
_ENUMERATED = 0.5
"""Of a field that holds an everyday word and nothing else: it is one of few."""
_RAREST = 1e-6
_ANCHORED, _WHOLE = 0.5, 0.3

NUMBER = 0.05
"""The same of a number."""


@lru_cache(maxsize=65_536)
def frequency(literal: str, at_start: bool, at_end: bool) -> float:
    """In how many of the events, or so, a field holds the literal."""
    if len(literal) == 1 and literal.isascii():
        return 1.0
    length = len(literal) if literal.isascii() else len(literal.encode("utf-8", "replace")) * 3
    guess = _ONE_CHARACTER * _EACH_CHARACTER**length
    if literal in _EVERYDAY:
        if at_start and at_end and literal.isalpha():
            return _ENUMERATED
        guess = max(guess, _SHORTEST_EVERYDAY * _EACH_EVERYDAY_CHARACTER**length)
    guess *= _WHOLE if at_start and at_end else _ANCHORED if at_start or at_end else 1
    return max(guess, _RAREST)
