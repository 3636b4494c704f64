"""What the figures were measured on."""
import os
import pathlib
import platform
import re


def describe():
    """A dict of what a reader needs to compare figures with their own."""
    try:
        cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        cpuinfo = ""
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    return {"cores": len(os.sched_getaffinity(0)),
            "processor": model.group(1) if model else platform.machine(),
            "virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE)),
            "kernel": platform.release()}


def text(machine):
    kind = "virtual machine" if machine["virtual"] else "machine"
    cores = f"{machine['cores']} core{'' if machine['cores'] == 1 else 's'}"
    return f"{cores}, {kind}, {machine['processor']}, Linux {machine['kernel']}"


def load():
    """The one-minute load average: what else the machine was doing, and this."""
    return round(os.getloadavg()[0], 2)
