/// What the Docker CLI's stack deployment knows of compose files (docker/cli, cli/compose: schema 3.8, interpolation, unsupported properties).
enum ComposeSchema {
    static let top = ["version", "services", "networks", "volumes", "secrets", "configs"]

    static let service = [
        "build", "cap_add", "cap_drop", "cgroup_parent", "cgroupns_mode", "command", "configs", "container_name", "credential_spec", "depends_on",
        "deploy", "devices", "dns", "dns_search", "domainname", "entrypoint", "env_file", "environment", "expose", "external_links", "extra_hosts",
        "healthcheck", "hostname", "image", "init", "ipc", "isolation", "labels", "links", "logging", "mac_address", "network_mode", "networks",
        "pid",
        "ports", "privileged", "read_only", "restart", "secrets", "security_opt", "shm_size", "stdin_open", "stop_grace_period", "stop_signal",
        "sysctls", "tmpfs", "tty", "ulimits", "user", "userns_mode", "volumes", "working_dir",
    ]

    /// Keys that a swarm takes no notice of, with what to do instead where there is something.
    static let ignored: [String: String] = [
        "build": "", "cgroupns_mode": "", "cgroup_parent": "", "container_name": "", "depends_on": "services must bear each other's absence",
        "devices": "", "domainname": "", "expose": "", "external_links": "", "ipc": "", "links": "services on one network find each other by name",
        "mac_address": "", "network_mode": "name networks instead", "pid": "", "privileged": "", "restart": "use deploy.restart_policy",
        "security_opt": "", "shm_size": "mount a tmpfs on /dev/shm", "userns_mode": "",
    ]

    enum Cast { case integer, decimal, truth }

    /// The type that a text made of variables is given, by its path; `*` stands for any one key or place in a list.
    static let casts: [(path: [String], cast: Cast)] = [
        (["services", "*", "configs", "*", "mode"], .integer), (["services", "*", "secrets", "*", "mode"], .integer),
        (["services", "*", "healthcheck", "retries"], .integer), (["services", "*", "healthcheck", "disable"], .truth),
        (["services", "*", "deploy", "replicas"], .integer), (["services", "*", "deploy", "update_config", "parallelism"], .integer),
        (["services", "*", "deploy", "update_config", "max_failure_ratio"], .decimal),
        (["services", "*", "deploy", "rollback_config", "parallelism"], .integer),
        (["services", "*", "deploy", "rollback_config", "max_failure_ratio"], .decimal),
        (["services", "*", "deploy", "restart_policy", "max_attempts"], .integer),
        (["services", "*", "deploy", "placement", "max_replicas_per_node"], .integer), (["services", "*", "ports", "*", "target"], .integer),
        (["services", "*", "ports", "*", "published"], .integer), (["services", "*", "ulimits", "*"], .integer),
        (["services", "*", "ulimits", "*", "hard"], .integer), (["services", "*", "ulimits", "*", "soft"], .integer),
        (["services", "*", "privileged"], .truth), (["services", "*", "read_only"], .truth), (["services", "*", "stdin_open"], .truth),
        (["services", "*", "tty"], .truth), (["services", "*", "init"], .truth), (["services", "*", "volumes", "*", "read_only"], .truth),
        (["services", "*", "volumes", "*", "volume", "nocopy"], .truth), (["networks", "*", "external"], .truth),
        (["networks", "*", "internal"], .truth), (["networks", "*", "attachable"], .truth), (["volumes", "*", "external"], .truth),
        (["secrets", "*", "external"], .truth), (["configs", "*", "external"], .truth),
    ]

    static func cast(_ path: [String]) -> Cast? {
        casts.first { $0.path.count == path.count && zip($0.path, path).allSatisfy { $0 == "*" || $0 == $1 } }?.cast
    }
}
