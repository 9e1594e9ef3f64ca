"""A real mailbox: Dovecot under an ordinary user, on loopback, in its own folder."""

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.waiting import end, free_port, is_listening, wait_for

# Debian keeps it where only root's path looks.
PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
# What Dovecot 2.3 and 2.4 write alike.
CONFIGURATION = """
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = {uid}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
CONFIGURATION_2_3 = """
protocols = imap
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
"""
CONFIGURATION_2_4 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols {{
  imap = yes
}}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {folder}/mail/%{{user}}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/home/%{{user}}
  }}
}}
"""


class Mailbox:
    """One account of a Dovecot of its own.

    Used as a context manager; ``port``, ``user`` and ``password`` are for whoever
    fetches from it.
    """

    user = "service"
    password = "mailbox"

    def __init__(self):
        self.port = free_port()
        self._folder = None
        self._process = None

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="aftersales-mail-"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        if self._process:
            end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def deliver(self, message):
        """Put a mail into the mailbox, unread, as it came over the wire.

        :param message: ``email.message.EmailMessage`` or ``bytes``
        """
        content = message if isinstance(message, bytes) else message.as_bytes()
        with self._connection() as connection:
            answer, told = connection.append("INBOX", "", None, _wire(content))
            assert answer == "OK", told

    def unread(self):
        """Return how many mails nobody has fetched yet."""
        with self._connection() as connection:
            connection.select(readonly=True)
            return len(connection.search(None, "UNSEEN")[1][0].split())

    def _connection(self):
        connection = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        connection.login(self.user, self.password)
        return connection

    def _start(self):
        owner = _owner()
        configuration = self._folder / "dovecot.conf"
        configuration.write_text(
            _configuration().format(
                folder=self._folder,
                port=self.port,
                user=owner.pw_name,
                group=grp.getgrgid(owner.pw_gid).gr_name,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                password=self.password,
            )
        )
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        self._process = subprocess.Popen(
            [PROGRAM, "-F", "-c", str(configuration)],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_as_user(owner),
        )
        wait_for(self._is_ready, f"Dovecot: {self._log()}")

    def _is_ready(self):
        assert self._process.poll() is None, f"Dovecot ended: {self._log()}"
        return is_listening(self.port)

    def _log(self):
        log = self._folder / "log"
        return log.read_text(errors="replace") if log.is_file() else "no log"


def _owner():
    """Whom Dovecot runs as: it serves no mail as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())


def _configuration():
    """The version stands first where there is one to be told."""
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True)
    old = told.stdout.startswith("2.3")
    return (
        CONFIGURATION + CONFIGURATION_2_3 if old else CONFIGURATION_2_4 + CONFIGURATION
    )


def _as_user(owner):
    if os.geteuid() != 0:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _wire(content):
    """Lines end as they do on the wire; the time of receipt stands on top."""
    lines = content.replace(b"\r\n", b"\n")
    stamp = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    received = f"Received: from mx.example.com by mailbox with LMTP; {stamp}\n"
    return (received.encode() + lines).replace(b"\n", b"\r\n")
