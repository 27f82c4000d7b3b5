#!/usr/bin/env python3
"""Prints the host's Debian sources of bookworm, component main, as one-line entries; nobody else's."""
import glob
import re

lines = []
for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*.list"))]:
    try:
        lines += open(path).read().splitlines()
    except OSError:
        pass
entries = []
for line in lines:
    found = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(bookworm\S*)\s+(.*)", line)
    if found and "main" in found[3].split():
        entries.append((found[1], found[2]))
for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
    for stanza in re.split(r"\n\s*\n", open(path).read()):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.M))
        if "deb" not in fields.get("Types", "").split() or "main" not in fields.get("Components", "").split():
            continue
        if fields.get("Enabled", "yes") == "no":
            continue
        entries += [(uri, suite) for uri in fields["URIs"].split() for suite in fields["Suites"].split() if suite.startswith("bookworm")]
suites = {"bookworm", "bookworm-updates", "bookworm-security"}
for uri, suite in entries:
    if suite in suites and "debian" in uri:
        print(f"deb {uri} {suite} main")
