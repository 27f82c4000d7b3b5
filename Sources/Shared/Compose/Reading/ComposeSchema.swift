/// What Docker's stack deployment knows of compose files, and what it takes no notice of. Sources: docker/cli, cli/compose (schema 3.8 to
/// 3.13, types.UnsupportedProperties) and the Compose specification for what people write beyond it.
enum ComposeSchema {
    /// The version that Skep writes: the newest that the Docker CLI 20.10 of Debian 12 knows with all of its keys is 3.9.
    static let version = "3.9"

    static let sections = ["services", "networks", "volumes", "configs", "secrets"]

    static func section(_ name: String) -> Shape {
        switch name {
        case "services": .map(.object(service))
        case "networks": .map(.object(network))
        case "volumes": .map(.object(volume))
        default: .map(.object(attachment))
        }
    }

    static let service: Shape.Keys = [
        "cap_add": .taken(.list(.text)), "cap_drop": .taken(.list(.text)), "command": .taken(.texts), "configs": .taken(reference),
        "credential_spec": .taken(.map(.text)), "deploy": .taken(.object(deploy)), "dns": .taken(.texts), "dns_search": .taken(.texts),
        "entrypoint": .taken(.texts), "env_file": .taken(.either([.text, .list(.either([.text, .object(environmentFile)]))])),
        "environment": .taken(.pairs), "extra_hosts": .taken(.pairs), "healthcheck": .taken(.object(healthcheck)), "hostname": .taken(.text),
        "image": .taken(.text), "init": .taken(.truth), "isolation": .taken(.text), "labels": .taken(.pairs), "logging": .taken(.object(logging)),
        "networks": .taken(.either([.list(.text), .map(.object(serviceNetwork))])), "ports": .taken(.list(.either([.scalar, .object(port)]))),
        "read_only": .taken(.truth), "secrets": .taken(reference), "stdin_open": .taken(.truth), "stop_grace_period": .taken(.duration),
        "stop_signal": .taken(.text), "sysctls": .taken(.pairs), "tmpfs": .taken(.texts), "tty": .taken(.truth),
        "ulimits": .taken(.map(.either([.integer, .object(["soft": .taken(.integer), "hard": .taken(.integer)])]))), "user": .taken(.text),
        "volumes": .taken(.list(.either([.text, .object(mount)]))), "working_dir": .taken(.text),

        "build": .rewritten(.any), "cgroup_parent": .ignored(""), "cgroupns_mode": .ignored(""), "container_name": .ignored(""),
        "devices": .ignored(""), "domainname": .ignored(""), "expose": .ignored(""), "external_links": .ignored(""), "ipc": .ignored(""),
        "links": .ignored("services on one network find each other by name"), "mac_address": .ignored(""),
        "network_mode": .ignored("name networks instead"), "pid": .ignored(""), "restart": .ignored("use deploy.restart_policy"),
        "security_opt": .ignored(""), "shm_size": .ignored("mount a tmpfs on /dev/shm"), "userns_mode": .ignored(""),
        "depends_on": .rewritten(
            .either([.list(.text), .map(.object(["condition": .taken(.text), "restart": .taken(.truth), "required": .taken(.truth)]))])),
        "privileged": .rewritten(.truth),
        "annotations": .ignored(""), "attach": .needless("a stack has no terminal"), "develop": .needless("it is for building"),
        "platform": .ignored("use a placement constraint on node.platform"),
        "pull_policy": .ignored("images are pulled by their digests"), "oom_score_adj": .ignored(""),

        "mem_limit": .rewritten(.size), "mem_reservation": .rewritten(.size), "cpus": .rewritten(.text), "pids_limit": .rewritten(.integer),
        "scale": .rewritten(.integer),

        "extends": .refused("write the service out, or deploy the output of 'docker compose config'"),
        "profiles": .refused("leave the service out, or the key"), "volumes_from": .refused("name the volumes under 'volumes:'"),
        "cpu_shares": .refused("use deploy.resources"), "cpu_count": .refused("use deploy.resources"),
        "cpu_percent": .refused("use deploy.resources"),
        "cpu_quota": .refused("use deploy.resources.limits.cpus"), "cpu_period": .refused("use deploy.resources.limits.cpus"),
        "cpuset": .refused("use deploy.resources"), "memswap_limit": .refused("use deploy.resources"),
        "mem_swappiness": .refused("use deploy.resources"),
        "group_add": .refused("a swarm has no such thing in stacks: give 'user:' a group, as UID:GID"),
        "gpus": .refused("use deploy.resources.reservations.generic_resources"), "runtime": .refused("set the nodes' default runtime"),
        "device_cgroup_rules": .refused("a swarm gives no devices"), "blkio_config": .refused("a swarm has no such limit"),
        "storage_opt": .refused("a swarm has no such option"), "uts": .refused("a swarm has no such option"), "cgroup": .refused("remove it"),
        "provider": .refused("a swarm runs images only"), "models": .refused("a swarm runs images only"),
        "post_start": .refused("a swarm runs no hooks"), "pre_stop": .refused("a swarm runs no hooks"), "use_api_socket": .refused("bind the socket"),
        "label_file": .refused("write the labels out"), "oom_kill_disable": .refused("a swarm has no such option"),
    ]

    private static let reference = Shape.list(
        .either([
            .text,
            .object([
                "source": .taken(.text), "target": .taken(.text), "uid": .taken(.text), "gid": .taken(.text), "mode": .taken(.scalar),
            ]),
        ]))

    private static let environmentFile: Shape.Keys = [
        "path": .taken(.text), "required": .taken(.truth), "format": .refused("Docker's own form is NAME=value, without quotes"),
    ]

    private static let healthcheck: Shape.Keys = [
        "disable": .taken(.truth), "interval": .taken(.duration), "retries": .taken(.integer), "start_period": .taken(.duration),
        "test": .taken(.texts),
        "timeout": .taken(.duration), "start_interval": .ignored("Docker has it since 25, in stacks of version 3.12"),
    ]

    private static let logging: Shape.Keys = ["driver": .taken(.text), "options": .taken(.map(.scalar))]

    private static let serviceNetwork: Shape.Keys = [
        "aliases": .taken(.list(.text)), "ipv4_address": .ignored("a swarm gives the addresses"),
        "ipv6_address": .ignored("a swarm gives the addresses"),
        "priority": .ignored(""), "link_local_ips": .ignored(""), "mac_address": .ignored(""), "gw_priority": .ignored(""),
        "interface_name": .ignored(""),
        "driver_opts": .ignored("Docker has it since 28, in stacks of version 3.13"),
    ]

    private static let port: Shape.Keys = [
        "target": .taken(.integer), "published": .taken(.scalar), "protocol": .taken(.text), "mode": .taken(.text), "name": .ignored(""),
        "app_protocol": .ignored(""), "host_ip": .ignored("the port is published on all of a node's addresses"),
    ]

    private static let mount: Shape.Keys = [
        "type": .taken(.text), "source": .taken(.text), "target": .taken(.text), "read_only": .taken(.truth),
        "consistency": .needless("it has no effect on Linux"),
        "bind": .taken(
            .object([
                "propagation": .taken(.text), "create_host_path": .needless("a swarm binds what is there"),
                "selinux": .needless("it is the nodes' matter"),
                "recursive": .ignored(""),
            ])),
        "volume": .taken(
            .object(["nocopy": .taken(.truth), "subpath": .refused("the Docker CLI of Debian 12 does not know it: mount the whole volume")])),
        "tmpfs": .taken(.object(["size": .taken(.bytes), "mode": .ignored("")])), "image": .refused("a swarm mounts no images"),
        "cluster": .refused("the Docker CLI of Debian 12 does not know it"),
    ]

    private static let update: Shape.Keys = [
        "parallelism": .taken(.integer), "delay": .taken(.duration), "failure_action": .taken(.word(["continue", "pause", "rollback"])),
        "monitor": .taken(.duration),
        "max_failure_ratio": .taken(.decimal), "order": .taken(.word(["start-first", "stop-first"])),
    ]

    private static let limits: Shape.Keys = ["cpus": .taken(.text), "memory": .taken(.size), "pids": .taken(.integer)]
    private static let reservations: Shape.Keys = [
        "cpus": .taken(.text), "memory": .taken(.size), "devices": .refused("use generic_resources, which the nodes' daemon.json declares"),
        "generic_resources": .taken(
            .list(.object(["discrete_resource_spec": .taken(.object(["kind": .taken(.text), "value": .taken(.integer)]))]))),
    ]

    private static let job = "start a job by hand, with 'docker service create --mode': what is deployed is kept running"

    static let deploy: Shape.Keys = [
        "mode": .taken(.word(["replicated", "global"], others: ["replicated-job": job, "global-job": job])), "replicas": .taken(.integer),
        "endpoint_mode": .taken(.word(["vip", "dnsrr"])),
        "labels": .taken(.pairs),
        "update_config": .taken(.object(update)), "rollback_config": .taken(.object(update)),
        "resources": .taken(.object(["limits": .taken(.object(limits)), "reservations": .taken(.object(reservations))])),
        "restart_policy": .taken(
            .object([
                "condition": .taken(.word(["none", "on-failure", "any"])), "delay": .taken(.duration), "max_attempts": .taken(.integer),
                "window": .taken(.duration),
            ])),
        "placement": .taken(
            .object([
                "constraints": .taken(.list(.text)), "preferences": .taken(.list(.object(["spread": .taken(.text)]))),
                "max_replicas_per_node": .taken(.integer),
            ])),
    ]

    static let network: Shape.Keys = [
        "name": .taken(.text), "driver": .taken(.text), "driver_opts": .taken(.map(.scalar)),
        "ipam": .taken(
            .object([
                "driver": .taken(.text), "options": .ignored(""),
                "config": .taken(
                    .list(
                        .object([
                            "subnet": .taken(.text), "gateway": .ignored("a swarm takes the first address"), "ip_range": .ignored(""),
                            "aux_addresses": .ignored(""),
                        ]))),
            ])),
        "external": .taken(external), "internal": .taken(.truth), "attachable": .taken(.truth), "labels": .taken(.pairs),
        "enable_ipv6": .ignored("overlays speak IPv4"), "enable_ipv4": .ignored(""),
    ]

    static let volume: Shape.Keys = [
        "name": .taken(.text), "driver": .taken(.text), "driver_opts": .taken(.map(.scalar)), "external": .taken(external), "labels": .taken(.pairs),
    ]

    /// Of a config or a secret.
    static let attachment: Shape.Keys = [
        "name": .taken(.text), "file": .taken(.text), "content": .rewritten(.text), "environment": .rewritten(.text), "external": .taken(external),
        "labels": .taken(.pairs), "driver": .taken(.text), "driver_opts": .taken(.map(.scalar)), "template_driver": .taken(.text),
        "x-generate": .rewritten(.any),
    ]

    private static let external = Shape.either([.truth, .object(["name": .taken(.text)])])
}
