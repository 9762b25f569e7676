"""What a host's system must not do: take up what somebody plugs in, or write a process's memory to a disk."""

from __future__ import annotations

from vault.storage.host import files
from vault.storage.host.disks import Finding
from vault.storage.host.layout import ROOT, Host
from vault.storage.host.programs import run

# Disks on a cable, by either of their protocols. `install` holds also where something asks for the module by name.
MODULES = ("usb-storage", "uas")
MOUNTERS = ("udisks2.service", "autofs.service")
_NEVER = "/bin/false"
_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def settle_devices(host: Host) -> bool:
    """No disks on USB, nothing mounted by itself; says whether there was something to do."""
    lines = "".join(f"blacklist {name}\ninstall {name} {_NEVER}\n" for name in MODULES)
    changed = files.text(host.under("/etc/modprobe.d/kura.conf"), lines)
    there = [name for name in MOUNTERS if any((host.under(folder) / name).exists() for folder in _UNIT_FOLDERS)]
    open_still = [name for name in there if run("systemctl", "is-enabled", name, allowed=range(256)).strip() != "masked"]
    if open_still:
        run("systemctl", "mask", "--now", *open_still)
    return changed or bool(open_still)


def settle_core_files(host: Host) -> bool:
    """No process leaves its memory in a file when it dies; says whether there was something to do."""
    kernel = host.under("/etc/sysctl.d/60-kura.conf")
    changed = files.text(kernel, f"kernel.core_pattern = |{_NEVER}\nfs.suid_dumpable = 0\n")
    if changed and host.root == ROOT:
        run("sysctl", "--quiet", "--load", kernel)
    limits = files.text(host.under("/etc/security/limits.d/kura.conf"), "* hard core 0\nroot hard core 0\n")
    kept = files.text(host.under("/etc/systemd/coredump.conf.d/kura.conf"), "[Coredump]\nStorage=none\nProcessSizeMax=0\n")
    return any((changed, limits, kept))


def loaded(host: Host) -> list[Finding]:
    """Modules that were loaded before they were forbidden, and stay until the machine is started anew."""
    there = [name for name in MODULES if (host.under("/sys/module") / name.replace("-", "_")).exists()]
    return [Finding("usb-storage-loaded", {"modules": ", ".join(there)})] if there else []
