#!/usr/bin/env python3
"""Says one command to a QEMU monitor's socket and prints what it answers. usage: monitor.py SOCKET COMMAND"""
import socket
import sys

PROMPT = b"(qemu) "


def read_answer(connection):
    answer = b""
    while not answer.endswith(PROMPT):
        chunk = connection.recv(4096)
        if not chunk:
            break
        answer += chunk
    return answer


with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(180)  # a machine's memory is saved before it answers
    connection.connect(sys.argv[1])
    read_answer(connection)
    connection.sendall(sys.argv[2].encode() + b"\n")
    lines = read_answer(connection).decode(errors="replace").splitlines()[1:-1]
if lines:
    sys.exit("lab: the monitor says: " + " ".join(lines))
