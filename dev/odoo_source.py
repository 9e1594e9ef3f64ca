"""A tree of Odoo 19: from `ODOO_HOME`, or from Debian's signed package.

Debian unstable carries Odoo Community as `odoo-19`. It is fetched with an apt
configuration of our own, so that the machine's package sources stay as they
are, with the mirror that the machine uses anyway and with Debian's signatures
checked. It is unpacked into the user's cache and never installed: installing
would pull in the Python of unstable.
"""

import configparser
import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from dev import places
from dev.process import exclusive, run
from dev.ui import Refusal, say, step, warn

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TREES = places.CACHE / "odoo"
APT = places.CACHE / "apt"
SELFIE = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
# Without npm: calls work, without background blur, and pages log no error.
SELFIE_STUB = "globalThis.SelfieSegmentation = class { close() {} };\n"


def home():
    """The folder to put on Python's path so that `import odoo` works."""
    given = os.environ.get("ODOO_HOME")
    if given:
        return _given_home(Path(given).expanduser().resolve())
    return _tree(_wanted_version()) / "usr/lib/python3/dist-packages"


def addons_paths():
    """Folders of addons that Odoo does not find by itself.

    A checkout keeps most of its addons beside the package; an installed Odoo has
    all of them inside (and Debian's has a useless second copy without any views).
    """
    inside = (home() / "odoo/addons/web").is_dir()
    return ([] if inside else [home() / "addons"]) + [places.ROOT]


def version():
    """What the template databases were built from, for their keys."""
    given = os.environ.get("ODOO_HOME")
    if not given:
        return _wanted_version()
    release = (home() / "odoo/release.py").read_bytes()
    return f"{home()}-{hashlib.sha256(release).hexdigest()[:8]}"


def ensure():
    """Have Odoo's tree; download and unpack it if the cache has none."""
    if os.environ.get("ODOO_HOME"):
        say(f"· Odoo from ODOO_HOME: {home()}")
        return
    with exclusive("odoo", places.CACHE / "locks"):
        if not _ready(_wanted_version()):
            _fetch()
    if _wanted_version() != _lock()["odoo"]["version"]:
        _warn_moved_on(_wanted_version())


def _given_home(path):
    for candidate in (path, path / "usr/lib/python3/dist-packages", path.parent):
        release = candidate / "odoo/release.py"
        if release.is_file():
            if "version_info = (19, 0," not in release.read_text():
                raise Refusal(f"ODOO_HOME={path} is not Odoo 19.")
            return candidate
    raise Refusal(
        f"ODOO_HOME={path} holds no Odoo: expected odoo/release.py below it "
        "(a checkout of Odoo, or the site-packages folder it is installed in)."
    )


def _lock():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(places.LOCK / "odoo.lock")
    return parser


def _tree(number):
    return TREES / number


def _ready(number):
    return (_tree(number) / ".ready").is_file()


def _wanted_version():
    """The locked version, or the one that the archive had instead of it."""
    locked = _lock()["odoo"]["version"]
    note = TREES / f"instead-of-{locked}"
    if not _ready(locked) and note.is_file():
        return note.read_text().strip()
    return locked


def _warn_moved_on(number):
    warn(
        f"Debian's archive has moved on: this is Odoo {number}, and "
        f"dev/lock/odoo.lock names {_lock()['odoo']['version']}. It is used all "
        "the same; its signature was checked, its checksum is not the locked one."
    )


def _fetch():
    debs = APT / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    with step("downloading Odoo 19 from Debian (123 MB)"):
        _apt_update()
        number = _available_version()
        deb = _download(_lock()["odoo"]["package"], debs, number)
        _check_sum(deb, number)
        companions = _lock()["companions"]["packages"].split()
        archives = [deb, *(_download(name, debs) for name in companions)]
    with step("unpacking Odoo"):
        _unpack(archives, number)
    if number != _lock()["odoo"]["version"]:
        (TREES / f"instead-of-{_lock()['odoo']['version']}").write_text(number)


def _unpack(archives, number):
    tree, unfinished = _tree(number), _tree(f"{number}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for archive in archives:
        run(["dpkg", "-x", archive, unfinished], f"{archive.name} does not unpack.")
    _add_selfie_segmentation(
        unfinished / "usr/lib/python3/dist-packages/odoo/addons" / SELFIE
    )
    (unfinished / ".ready").touch()
    shutil.rmtree(tree, ignore_errors=True)
    unfinished.rename(tree)


# -- apt, beside the machine's own configuration ------------------------------


def _mirror():
    """The mirror this machine uses; its name never enters the repository."""
    given = os.environ.get("AFTERSALES_DEBIAN_MIRROR")
    if given:
        return given
    if not shutil.which("apt-get") or not KEYRING.is_file():
        raise Refusal(
            "This machine is no Debian, so Odoo's package cannot be fetched and "
            "checked; set ODOO_HOME to a checkout of Odoo 19 instead."
        )
    told = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)"]
        + ["Created-By: Packages"],
        "apt's sources cannot be read.",
    )
    mirrors = [line.split(" ", 1)[0] for line in told.splitlines() if _is_main(line)]
    if not mirrors:
        raise Refusal(
            "No Debian mirror is configured on this machine; name one with "
            "AFTERSALES_DEBIAN_MIRROR, or set ODOO_HOME to an Odoo 19."
        )
    return mirrors[0]


def _is_main(line):
    address, _, label = line.partition(" ")
    return label == "Debian" or (not label and "security" not in address)


def _apt_options():
    folders = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": APT / "parts",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State": APT / "state",
        "Dir::State::Lists": APT / "lists",
        "Dir::State::Status": APT / "status",
        "Dir::Cache": APT / "cache",
        # Root's cache cannot be entered by apt's own sandbox user.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    return [f"-o{key}={value}" for key, value in folders.items()]


def _apt(command, failure, **options):
    command = [command[0], *_apt_options(), *command[1:]]
    return run(command, failure, online=True, **options)


def _apt_update():
    for name in ("parts", "state", "lists/partial", "cache/archives/partial"):
        (APT / name).mkdir(parents=True, exist_ok=True)
    (APT / "status").touch()
    (APT / "parts/sid.sources").write_text(
        f"Types: deb\nURIs: {_mirror()}\nSuites: sid\nComponents: main\n"
        f"Signed-By: {KEYRING}\n"
    )
    _apt(
        ["apt-get", "update", "--error-on=any"],
        "Debian's mirror cannot be read (without it: set ODOO_HOME to an Odoo 19).",
    )


def _available_version():
    """The locked version if the archive still has it, else what it has now."""
    package, locked = _lock()["odoo"]["package"], _lock()["odoo"]["version"]
    told = _apt(["apt-cache", "madison", package], "apt's lists cannot be read.")
    numbers = [line.split("|")[1].strip() for line in told.splitlines() if "|" in line]
    if not numbers:
        raise Refusal(
            f"Debian's archive has no {package} any more; set ODOO_HOME to an Odoo 19."
        )
    return locked if locked in numbers else numbers[0]


def _download(package, folder, number=None):
    wanted = f"{package}={number}" if number else package
    _apt(
        ["apt-get", "download", wanted],
        f"{package} could not be downloaded.",
        cwd=folder,
    )
    return max(folder.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)


def _check_sum(path, number):
    locked = _lock()["odoo"]
    if number == locked["version"] and _sha256(path) != locked["sha256"]:
        path.unlink()
        raise Refusal(
            f"{path.name} does not have the checksum in dev/lock/odoo.lock; "
            "nothing was unpacked."
        )


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- the asset that Debian leaves out -----------------------------------------


def _add_selfie_segmentation(target):
    target.parent.mkdir(parents=True, exist_ok=True)
    source = _selfie_from_npm()
    if source is None:
        warn(
            "npm did not give @mediapipe/selfie_segmentation; a stub takes its "
            "place, so video calls have no background blur."
        )
        source = SELFIE_STUB.encode()
    target.write_bytes(source)


def _selfie_from_npm():
    locked, folder = _lock()["selfie_segmentation"], places.CACHE / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"mediapipe-selfie_segmentation-{locked['version']}.tgz"
    if not archive.is_file() and shutil.which("npm"):
        wanted = f"{locked['npm']}@{locked['version']}"
        subprocess.run(["npm", "pack", wanted], cwd=folder, capture_output=True)
    if not archive.is_file():
        return None
    if _sha256(archive) != locked["sha256"]:
        archive.unlink()
        raise Refusal(f"{archive.name} does not have the locked checksum.")
    with tarfile.open(archive) as bundle:
        return bundle.extractfile("package/selfie_segmentation.js").read()
