public import SkepModel

/// What was seen, or why it could not be: absence means something only after a complete look.
public enum Seen<Value: Sendable & Equatable>: Sendable, Equatable {
    case seen(Value)
    case failed(String)

    public var value: Value? { if case .seen(let value) = self { value } else { nil } }
}

/// One complete look at the machine; each part stands alone, so that one that fails stops only its own plan.
public struct Observation: Sendable, Equatable {
    /// apt's and dpkg's state for the packages that were looked at: see ``AgentBrain/packages(for:)``.
    public struct Packages: Sendable, Equatable {
        /// Those of them that are installed and configured.
        public var installed: Set<String>
        /// Those of them that are held.
        public var held: Set<String>
        /// dpkg was interrupted and wants `dpkg --configure -a`.
        public var interrupted: Bool
        /// The last line of an apt run that is under way in its transient unit; nil when none is.
        public var running: String?
        /// Why the last run failed, in apt's own words.
        public var failure: String?
        /// Installed packages that were not there when they were first asked for, also when the agent that asked was killed meanwhile.
        public var ours: Set<String>
        public init(
            installed: Set<String> = [], held: Set<String> = [], interrupted: Bool = false, running: String? = nil, failure: String? = nil,
            ours: Set<String> = []
        ) {
            self.installed = installed
            self.held = held
            self.interrupted = interrupted
            self.running = running
            self.failure = failure
            self.ours = ours
        }
    }

    public enum Engine: Sendable, Equatable {
        /// No engine is installed.
        case absent
        /// Installed, and its socket does not answer; systemd's or its own words.
        case stopped(String)
        case running(version: String, bridges: [String])
    }

    public enum DaemonConfig: Sendable, Equatable {
        /// The wanted keys are there with the wanted values.
        case asWanted
        /// They are not; and whether the change needs a restart of the engine.
        case differs(restart: Bool)
        /// They are, and the engine that runs has not read them: it does so only when it starts.
        case restartNeeded
        /// The file cannot be used: the reason with line and column where there is one.
        case invalid(String)
    }

    /// The table `inet skep`.
    public struct Table: Sendable, Equatable {
        /// Digest of `nft --stateless list table inet skep`; nil when there is no such table.
        public var listing: String?
        /// New connections from management that were let in since the table was installed.
        public var managementConnections: Int
        /// The text that is loaded at the machine's next start, before Docker; nil when there is none.
        public var kept: String?
        /// Who else changed it last, in words: "nft, process 4711"; nil when nobody was seen to.
        public var changedBy: String?
        public init(listing: String?, managementConnections: Int = 0, kept: String? = nil, changedBy: String? = nil) {
            self.listing = listing
            self.managementConnections = managementConnections
            self.kept = kept
            self.changedBy = changedBy
        }
    }

    public struct Folder: Sendable, Equatable {
        public var exists: Bool
        /// `uid:gid`.
        public var owner: String
        /// Octal, four digits.
        public var mode: String
        public init(exists: Bool, owner: String = "", mode: String = "") {
            self.exists = exists
            self.owner = owner
            self.mode = mode
        }
    }

    /// What serves shares here.
    public struct Server: Sendable, Equatable {
        /// Text of /etc/exports.d/skep.exports; nil when there is none.
        public var exports: String?
        /// Text of /etc/nfs.conf.d/skep.conf.
        public var settings: String?
        /// Whether nfs-server.service is active.
        public var active: Bool
        /// Paths that the kernel exports now.
        public var exported: Set<String>
        /// By path, for those that the spec names.
        public var folders: [String: Folder]
        /// What was found here before us is recorded, and not put back yet.
        public var isOurs: Bool
        public init(
            exports: String? = nil, settings: String? = nil, active: Bool = false, exported: Set<String> = [], folders: [String: Folder] = [:],
            isOurs: Bool = false
        ) {
            self.exports = exports
            self.settings = settings
            self.active = active
            self.exported = exported
            self.folders = folders
            self.isOurs = isOurs
        }
    }

    /// One place where a share should be, or a unit of ours that remains.
    public struct MountPoint: Sendable, Equatable {
        public enum Health: Sendable, Equatable {
            /// A file can be created (where the node may write) or the folder be read.
            case good
            /// Why not, in one CamelCase word and an operator's words: `Stale`, `Full`, `ServerGone`, `Shadowed`, …
            ///
            /// `Late` is the first look that does not come back, which the next one judges; `Frozen` is the second.
            ///
            /// `ReadOnly` is said of the mount itself, `ReadOnlyExport` of what the server grants.
            case bad(reason: String, message: String)
        }
        /// Text of our unit file; nil when there is none.
        public var unit: String?
        /// `server:/path` or the bound folder, as the kernel says it; nil when nothing is mounted there.
        public var source: String?
        public var health: Health?
        public init(unit: String? = nil, source: String? = nil, health: Health? = nil) {
            self.unit = unit
            self.source = source
            self.health = health
        }
    }

    /// A container that is bound to a share, or to a folder in it.
    public struct BoundContainer: Sendable, Hashable {
        /// Docker's id.
        public var id: String
        public var name: String
        /// Whether it is a swarm task's, which the swarm replaces when it ends.
        public var isTask: Bool
        /// Its first process.
        public var process: Int
        /// Where the share is mounted on the node.
        public var path: String
        /// What of it is bound: the same path, or one below it.
        public var source: String
        /// Where the container has it.
        public var destination: String
        public init(id: String, name: String, isTask: Bool, process: Int, path: String, source: String, destination: String) {
            self.id = id
            self.name = name
            self.isTask = isTask
            self.process = process
            self.path = path
            self.source = source
            self.destination = destination
        }
    }

    /// A folder that stacks bind.
    public struct BoundFolder: Sendable, Equatable {
        /// Something is there; so it is said of what lies on a network's file system, which is not looked into.
        public var exists: Bool
        /// Where the file system that the path leads into is mounted.
        public var mount: String
        public init(exists: Bool, mount: String = "/") {
            self.exists = exists
            self.mount = mount
        }
    }

    /// Docker's API over TLS.
    public struct API: Sendable, Equatable {
        /// Any file or unit of it is there.
        public var isThere: Bool
        /// The request for the certificate of the node's key, PEM; nil while there is no key.
        public var request: String?
        /// It was served before, whatever the files say now.
        public var isSetUp: Bool
        /// What the files say is served; nil when they are not complete, or not as we write them.
        public var served: DockerAPISpec?
        public var isRunning: Bool
        public init(
            isThere: Bool = false, request: String? = nil, isSetUp: Bool = false, served: DockerAPISpec? = nil, isRunning: Bool = false
        ) {
            self.isThere = isThere
            self.request = request
            self.isSetUp = isSetUp || served != nil
            self.served = served
            self.isRunning = isRunning
        }
    }

    public var facts: NodeFacts
    public var packages: Seen<Packages>
    public var engine: Seen<Engine>
    public var daemonConfig: Seen<DaemonConfig>
    /// daemon.json is another one than that with which the engine was last seen to start.
    public var hasFormerDaemonConfig = false
    /// Whether the chains by which Docker publishes ports are there; nil where that cannot be said.
    public var dockerChains: Bool?
    /// The whole text of daemon.json; nil when there is no file.
    public var daemonText: String?
    /// Current values of the keys that the spec or the memory names; an absent key does not exist in this kernel.
    public var sysctls: Seen<[String: String]>
    public var table: Seen<Table>
    /// Authorities that we had the engine trust, PEM, by host:port.
    public var authorities: Seen<[String: String]> = .seen([:])
    public var api: Seen<API> = .seen(API())
    public var server: Seen<Server>
    /// Folders that stacks bind, by path: those that were looked at.
    public var boundFolders: Seen<[String: BoundFolder]> = .seen([:])
    /// By mount path: those of the spec and those of units of ours.
    public var mounts: Seen<[String: MountPoint]>
    /// Containers that are bound to a mount of a share which is not the one that stands there now.
    public var strays: Seen<[BoundContainer]> = .seen([])
    public var swarm: Seen<SwarmStatus>
    /// Only on managers that answer.
    public var manager: Seen<ManagerView>?
    public var probe: ProbeReport?
    /// Nil while nothing of that kind was asked.
    public var canary: CanaryReport?
    public var images: ImageReport?
    /// The kernel's `boot_id`: another one after each start of the machine.
    public var bootID: String

    public init(
        facts: NodeFacts, packages: Seen<Packages>, engine: Seen<Engine>, daemonConfig: Seen<DaemonConfig>, daemonText: String? = nil,
        sysctls: Seen<[String: String]>,
        table: Seen<Table>, server: Seen<Server>, mounts: Seen<[String: MountPoint]>, swarm: Seen<SwarmStatus>,
        manager: Seen<ManagerView>? = nil, probe: ProbeReport? = nil, bootID: String = ""
    ) {
        self.facts = facts
        self.packages = packages
        self.engine = engine
        self.daemonConfig = daemonConfig
        self.daemonText = daemonText
        self.sysctls = sysctls
        self.table = table
        self.server = server
        self.mounts = mounts
        self.swarm = swarm
        self.manager = manager
        self.probe = probe
        self.bootID = bootID
    }
}
