public import SkepSystem

/// A program with the arguments that always come first.
public struct Program: Sendable, Equatable {
    public var path: String
    public var arguments: [String]
    public init(_ path: String, _ arguments: [String] = []) {
        self.path = path
        self.arguments = arguments
    }

    /// The program with further arguments, to be run.
    func callAsFunction(
        _ more: String..., input: [UInt8] = [], environment: [String: String] = [:], deadline: Duration = .seconds(30)
    ) -> Command {
        command(more, input: input, environment: environment, deadline: deadline)
    }

    func command(_ more: [String], input: [UInt8] = [], environment: [String: String] = [:], deadline: Duration = .seconds(30)) -> Command {
        Command(path, arguments + more, input: input, environment: environment, deadline: deadline)
    }

    /// Whether the program's file is there.
    var isInstalled: Bool { Files.exists(path) }
}

/// Where everything is on this machine, so that a test or a namespace can have its own.
public struct HostLayout: Sendable {
    /// Whether systemd runs the machine; without it programs are run directly and units are only files.
    public var hasSystemd: Bool

    /// Before every path of the machine; empty for the machine itself.
    public var root: String

    public var daemonConfig: String
    /// A folder for each registry, with what its certificate is checked against.
    public var registries: String
    /// Written by the engine when it starts; its time says which configuration the engine has read.
    public var enginePIDFile: String
    public var dockerData: String
    public var exports: String
    public var nfsSettings: String
    /// What `exportfs` has given to the kernel.
    public var exportTable: String
    public var nfsThreads: String
    /// What the kernel's NFS server serves at the moment, by client.
    public var nfsServed: String
    public var sysctls: String
    /// `/proc/sys`.
    public var kernelSettings: String
    public var units: String
    /// What the kernel tells of each process, by its number.
    public var processes = "/proc"
    /// Mount tables, the best first: the machine's own, then that of this process.
    public var mountTables: [String]
    /// The agent's own folder.
    public var state: String
    /// Where a drill leaves the moment at which it broke the machine.
    public var drillStamp: String
    public var dpkgUpdates: String
    public var dpkgStatus: String
    public var dpkgLock: String
    public var aptLists: String
    public var machineID: String
    public var osRelease: String
    public var memory: String
    public var ufwSettings: String
    public var firewalldPIDFile: String
    /// Keys, certificates and settings of Docker's API over TLS.
    public var apiFolder: String
    public var dockerSocket: String
    /// Names of the tables that iptables-legacy uses, a line each.
    public var legacyTables: String

    public var dpkg = Program("/usr/bin/dpkg")
    public var dpkgQuery = Program("/usr/bin/dpkg-query")
    public var aptGet = Program("/usr/bin/apt-get")
    public var aptMark = Program("/usr/bin/apt-mark")
    public var dockerd = Program("/usr/sbin/dockerd")
    public var exportfs = Program("/usr/sbin/exportfs")
    public var nft = Program("/usr/sbin/nft")
    public var ip = Program("/usr/sbin/ip")
    public var mount = Program("/usr/bin/mount")
    public var umount = Program("/usr/bin/umount")
    public var systemctl = Program("/usr/bin/systemctl")
    public var systemdRun = Program("/usr/bin/systemd-run")
    public var journalctl = Program("/usr/bin/journalctl")
    /// Runs ``ShareProbe/main(_:)``: this very program again.
    public var shareProbe = Program("/proc/self/exe", ["probe-share"])
    /// The namespace in which Docker makes the ingress mesh.
    public var ingressNetwork: String
    /// The agent's program by its path, for what runs outside of the agent's own unit.
    public var agent: Program
    public var nsenter = Program("/usr/bin/nsenter")
    /// How the engine is started, restarted and told to read its configuration where there is no systemd.
    public var engineStart: Command?
    public var engineRestart: Command?
    public var engineReload: Command?

    /// The layout of Debian and Ubuntu with its files beneath `root`; the kernel, and what the system says of itself, are the same for all.
    public init(root: String = "", hasSystemd: Bool) {
        self.hasSystemd = hasSystemd
        self.root = root
        // systemd's own /proc/self is another one's, and an upgrade leaves this process with a file that is gone
        let own = hasSystemd ? nil : try? Files.readLink("/proc/self/exe")
        agent = Program(own ?? "/usr/bin/skep-agent")
        daemonConfig = root + "/etc/docker/daemon.json"
        registries = root + "/etc/docker/certs.d"
        enginePIDFile = root + "/run/docker.pid"
        dockerData = root + "/var/lib/docker"
        exports = root + "/etc/exports.d/skep.exports"
        nfsSettings = root + "/etc/nfs.conf.d/skep.conf"
        exportTable = root + "/var/lib/nfs/etab"
        nfsThreads = "/proc/fs/nfsd/threads"
        nfsServed = "/proc/net/rpc/nfsd.export/content"
        apiFolder = root + "/etc/skep/docker-api"
        dockerSocket = root + "/var/run/docker.sock"
        sysctls = root + "/etc/sysctl.d/60-skep.conf"
        kernelSettings = "/proc/sys"
        units = root + "/etc/systemd/system"
        mountTables = hasSystemd ? ["/proc/1/mountinfo", "/proc/self/mountinfo"] : ["/proc/self/mountinfo"]
        state = root + "/var/lib/skep-agent"
        ingressNetwork = root + "/run/docker/netns/ingress_sbox"
        drillStamp = root + "/run/skep-agent/drill"
        dpkgUpdates = root + "/var/lib/dpkg/updates"
        dpkgStatus = root + "/var/lib/dpkg/status"
        dpkgLock = root + "/var/lib/dpkg/lock"
        aptLists = root + "/var/lib/apt/lists"
        machineID = root + "/etc/machine-id"
        osRelease = "/etc/os-release"
        memory = "/proc/meminfo"
        ufwSettings = root + "/etc/ufw/ufw.conf"
        firewalldPIDFile = root + "/run/firewalld.pid"
        legacyTables = "/proc/net/ip_tables_names"
    }

    /// This machine's own.
    public static func standard() -> HostLayout { HostLayout(hasSystemd: Files.exists("/run/systemd/system")) }

    /// The agent's own program in the ingress network's namespace. The agent's unit may neither enter one nor make raw sockets, so systemd gives that to
    /// a short unit with nothing else; it says nothing in the journal, being run every minute.
    func inIngressNetwork(_ arguments: [String], deadline: Duration) -> Command {
        guard hasSystemd else { return nsenter.command(["--net=\(ingressNetwork)", agent.path] + agent.arguments + arguments, deadline: deadline) }
        let properties = [
            "NetworkNamespacePath=\(ingressNetwork)", "CapabilityBoundingSet=CAP_NET_RAW", "NoNewPrivileges=yes", "ProtectSystem=strict",
            "ProtectHome=yes", "RuntimeMaxSec=\(deadline.components.seconds)", "LogLevelMax=notice",
        ]
        return systemdRun.command(
            ["--quiet", "--no-ask-password", "--collect", "--wait", "--pipe"] + properties.map { "--property=\($0)" } + ["--", agent.path]
                + agent.arguments
                + arguments, deadline: deadline + .seconds(5))
    }

    var record: String { state + "/host.json" }
    var ruleset: String { state + "/ruleset.nft" }
}
