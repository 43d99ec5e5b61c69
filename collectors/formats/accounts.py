"""What the tools that change accounts say, and those that let people in other than by sshd and sudo."""

from collectors.formats.phrases import Phrase, reader

su_fields = reader(
    [
        Phrase("Successful su for (?P<as_user>.*) by (?P<user>.*)", "su", "success"),
        Phrase("FAILED su for (?P<as_user>.*) by (?P<user>.*)", "su", "failure"),
        Phrase(r"\(to (?P<as_user>[^)]*)\) (?P<user>.*) on (?P<tty>.*)", "su", "success"),
        Phrase(r"FAILED SU \(to (?P<as_user>[^)]*)\) (?P<user>.*) on (?P<tty>.*)", "su", "failure"),
        Phrase(r"\+ (?P<tty>\S+) (?P<user>[^:]*)[:-](?P<as_user>.*)", "su", "success"),
        Phrase(r"- (?P<tty>\S+) (?P<user>[^:]*)[:-](?P<as_user>.*)", "su", "failure"),
        Phrase("BAD SU (?P<user>.*) to (?P<as_user>.*) on (?P<tty>.*)", "su", "failure"),
        Phrase("pam_authenticate: (?P<reason>.*)", "pam_authentication", "failure"),
    ]
)

login_fields = reader(
    [
        Phrase(
            r"FAILED LOGIN (?:SESSION )?(?:\(\d+\) )?(?:on '(?P<tty>[^']*)' )?(?:from '?(?P<ip>[^' ]+)'? )?"
            "(?:FOR|for) '?(?P<user>.*?)'?, (?P<reason>.*)",
            "login",
            "failure",
        ),
        Phrase(r"ROOT LOGIN +(?:ON|on) '?(?P<tty>[^' ]*)'?(?: FROM '?(?P<ip>[^' ]+)'?)?", "login", "success"),
        Phrase(r"LOGIN ON (?P<tty>\S+) BY (?P<user>\S+)(?: FROM (?P<ip>\S+))?", "login", "success"),
        Phrase(r"New session \S+ of user (?P<user>[^.]*)\.?(?: with class .*)?", "session_opened", "success"),
        Phrase(r"Removed session .*", "session_closed"),
    ]
)

_QUOTED = "'(?P<changed>[^']*)'"

account_fields = reader(
    [
        Phrase("new user: name=(?P<changed>[^,]*), .*", "user_added", "success"),
        Phrase("failed adding user '(?P<changed>[^']*)'.*", "user_added", "failure"),
        Phrase(f"delete user {_QUOTED}", "user_deleted", "success"),
        Phrase("new group: name=(?P<group>[^,]*), .*", "group_added", "success"),
        Phrase("group added to .*: name=(?P<group>[^,]*)(?:, .*)?", "group_added", "success"),
        Phrase("group '(?P<group>[^']*)' removed.*", "group_deleted", "success"),
        Phrase("removed (?:shadow )?group '(?P<group>[^']*)'.*", "group_deleted", "success"),
        Phrase(f"add {_QUOTED} to (?:shadow )?group '(?P<group>[^']*)'", "group_member_added", "success"),
        Phrase(f"delete {_QUOTED} from (?:shadow )?group '(?P<group>[^']*)'", "group_member_removed", "success"),
        Phrase("user (?P<changed>.*) added by (?P<user>.*) to group (?P<group>.*)", "group_member_added", "success"),
        Phrase(
            "user (?P<changed>.*) removed by (?P<user>.*) from group (?P<group>.*)", "group_member_removed", "success"
        ),
        Phrase(f"change user {_QUOTED} password", "password_changed", "success"),
        Phrase(f"password for {_QUOTED} changed by '(?P<user>[^']*)'", "password_changed", "success"),
        Phrase("changed password expiry for (?P<changed>.*)", "user_changed", "success"),
        Phrase(f"(?:un)?lock user {_QUOTED} password", "user_changed", "success"),
        Phrase("change user name '(?P<changed>[^']*)' to .*", "user_changed", "success"),
        Phrase(f"changed? user {_QUOTED} (?P<reason>.*)", "user_changed", "success"),
    ]
)

cron_fields = reader(
    [
        Phrase(r"\((?P<user>[^)]*)\) CMD \((?P<command>.*)\)", "cron_command"),
        Phrase(r"\((?P<user>[^)]*)\) (?:REPLACE|DELETE) \((?P<changed>[^)]*)\)", "crontab_changed", "success"),
        Phrase(r"\((?P<user>[^)]*)\) (?:BEGIN|END) EDIT \((?P<changed>[^)]*)\)", "crontab_edited"),
        Phrase(r"\((?P<user>[^)]*)\) LIST \((?P<changed>[^)]*)\)", "crontab_listed"),
        Phrase(r"\((?P<user>[^)]*)\) RELOAD \((?P<file>.*)\)", "crontab_loaded"),
        Phrase(r"\((?P<user>[^)]*)\) AUTH \((?P<reason>.*)\)", "crontab_changed", "failure"),
    ]
)
