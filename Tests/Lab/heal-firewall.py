#!/usr/bin/env python3
"""Breaks the table inet skep of this network namespace and measures how long it stays broken. Used by heal-firewall.

usage: heal-firewall.py AGENT_PID TIMES
"""
import os
import socket
import statistics
import subprocess
import sys
import time

NETLINK_NETFILTER, SOL_NETLINK, ADD_MEMBERSHIP, NFNLGRP_NFTABLES = 12, 270, 1, 7
NEWGEN = 10 << 8 | 15  # NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWGEN


def nft(text):
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True, capture_output=True)


def listing():
    shown = subprocess.run(["nft", "--stateless", "list", "table", "inet", "skep"], capture_output=True, text=True)
    return shown.stdout if shown.returncode == 0 else None


class Ear:
    """Hears the end of each transaction of nftables, with the moment when it was heard."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, NFNLGRP_NFTABLES)

    def forget(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(1 << 16)
        except BlockingIOError:
            self.socket.setblocking(True)

    def transactions(self, count, patience):
        moments = []
        self.socket.settimeout(patience)
        while len(moments) < count:
            data = self.socket.recv(1 << 16)
            at = 0
            while at + 16 <= len(data):
                length, kind = int.from_bytes(data[at:at + 4], sys.byteorder), int.from_bytes(data[at + 4:at + 6], sys.byteorder)
                if kind == NEWGEN:
                    moments.append(time.monotonic())
                at += max(16, (length + 3) & ~3)
        return moments


def ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return sum(int(fields[index]) for index in (11, 12, 13, 14))


def measure(ear, name, text, whole, times):
    spans = []
    for _ in range(times):
        ear.forget()
        nft(text)
        first, second = ear.transactions(2, 30)[:2]
        spans.append((second - first) * 1000)
        assert listing() == whole, f"{name}: the table is not as it was"
        time.sleep(1)  # each is a matter of its own
    spans.sort()
    print(f"{name}: whole again after a median of {statistics.median(spans):.0f} ms, least {spans[0]:.0f}, most {spans[-1]:.0f}, of {times}")


def resident(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Rss:"):
            return int(line.split()[1]) / 1000


def million(agent, whole):
    """A million messages of nftables, half of them about our table: what they leave in the agent."""
    nft("add table inet other\nadd chain inet other c")
    before, told = resident(agent), [resident(agent)]
    for turn in range(100):
        nft("\n".join(["add rule inet other c accept"] * 5_000) + "\nflush chain inet other c")
        while True:
            try:
                nft("\n".join(["add rule inet skep services accept"] * 5_000))
                break
            except subprocess.CalledProcessError:
                pass  # in the midst of the agent's own transaction
        if turn % 10 == 9:
            told.append(resident(agent))
    nft("delete table inet other")
    end = time.monotonic() + 60
    while listing() != whole and time.monotonic() < end:
        time.sleep(0.1)
    assert listing() == whole, "the table is not right after a million messages"
    time.sleep(35)  # a complete look, which gives memory back
    print(f"a million messages: {before:.1f} MB resident before, {max(told):.1f} at most, {resident(agent):.1f} afterwards")


def main():
    agent, times = int(sys.argv[1]), int(sys.argv[2])
    whole = listing()
    assert whole, "there is no table inet skep"
    ear = Ear()
    measure(ear, "rule inserted", "insert rule inet skep services accept", whole, times)
    measure(ear, "table deleted", "delete table inet skep", whole, times)

    before, began = ticks(agent), time.monotonic()
    changed = failed = 0
    while changed < 10_000 and time.monotonic() - began < 300:
        try:
            nft("insert rule inet skep services accept")
            changed += 1
        except subprocess.CalledProcessError:
            failed += 1  # in the midst of the agent's own transaction
    span = time.monotonic() - began
    used = (ticks(agent) - before) / os.sysconf("SC_CLK_TCK")
    print(f"{changed} changes by a loop in {span:.0f} s: the agent took {100 * used / span:.1f} % of a processor, its programs included")
    end = time.monotonic() + 30
    while listing() != whole and time.monotonic() < end:
        time.sleep(0.05)
    assert listing() == whole, "the table is not right at the end of the loop"
    print("and the table is right at its end")
    million(agent, whole)


main()
