# wait.py [--mail] [HOST:PORT]... -- PROGRAM [ARGUMENT]...
# Becomes PROGRAM when Kafka and all of HOST:PORT answer; with --mail also not before Nuvla's configuration names a mail server.
import json
import os
import socket
import sys
import time
import urllib.request

WAITS_FOR_MAIL = "/tmp/waits-for-mail"
CONFIGURATION = "http://api:8200/api/configuration/nuvla"


def answers(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
        return True
    except OSError:
        return False


def has_mail():
    request = urllib.request.Request(CONFIGURATION, headers={"nuvla-authn-info": "group/nuvla-admin"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            configuration = json.load(answer)
    except (OSError, ValueError):
        return False
    return bool(configuration.get("smtp-host")) and bool(configuration.get("smtp-password") or configuration.get("smtp-xoauth2"))


def until(condition, seconds, words):
    if condition():
        return
    print("waiting for " + words, flush=True)
    while not condition():
        time.sleep(seconds)


arguments = sys.argv[1:]
end = arguments.index("--")
if "--mail" in arguments[:end]:
    open(WAITS_FOR_MAIL, "w").close()
    until(has_mail, 30, "a mail server in " + CONFIGURATION)
for address in os.environ["KAFKA_BOOTSTRAP_SERVERS"].split(",") + [a for a in arguments[:end] if a != "--mail"]:
    until(lambda: answers(address), 3, address)
if os.path.exists(WAITS_FOR_MAIL):
    os.remove(WAITS_FOR_MAIL)
os.execvp(arguments[end + 1], arguments[end + 1:])
