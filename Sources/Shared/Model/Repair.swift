/// What an agent found broken on its machine, and what it did about it: the detail of a ledger line of the kind `Repair`.
public struct Repair: Codable, Hashable, Sendable {
    /// A class of faults; open, so that a newer agent's word survives.
    public struct Fault: RawRepresentable, Codable, Hashable, Comparable, Sendable, CodingKeyRepresentable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        /// The table `inet skep` was gone.
        public static let tableGone = Fault(rawValue: "FirewallTableGone")
        /// Somebody changed a rule, a set or a chain of it.
        public static let tableChanged = Fault(rawValue: "FirewallTableChanged")
        /// The ruleset for the machine's next start was gone or another one.
        public static let keptRuleset = Fault(rawValue: "FirewallKeptRuleset")
        public static let shareUnmounted = Fault(rawValue: "ShareUnmounted")
        /// The unit of a mount was not as specified.
        public static let mountUnit = Fault(rawValue: "MountUnitChanged")
        /// A task's container was bound to a mount that is not the one that stands there now.
        public static let deadMount = Fault(rawValue: "ContainerHoldsDeadMount")
        /// The disk of Docker's data is nearly full.
        public static let diskFull = Fault(rawValue: "DiskNearlyFull")
        public static let serverStopped = Fault(rawValue: "NFSServerStopped")
        public static let exportsChanged = Fault(rawValue: "ExportsChanged")
        public static let notExported = Fault(rawValue: "ShareNotExported")
        public static let folderGone = Fault(rawValue: "SharedFolderGone")
        public static let boundFolderGone = Fault(rawValue: "BoundFolderGone")
        public static let folderChanged = Fault(rawValue: "SharedFolderChanged")
        public static let engineStopped = Fault(rawValue: "DockerStopped")
        /// Docker's own firewall chains were gone.
        public static let chainsGone = Fault(rawValue: "DockerChainsGone")
        public static let dockerAPI = Fault(rawValue: "DockerAPIStopped")
        public static let daemonConfig = Fault(rawValue: "DaemonConfigChanged")
        public static let registryAuthority = Fault(rawValue: "RegistryAuthorityChanged")
        public static let sysctl = Fault(rawValue: "SysctlChanged")
        public static let packageMissing = Fault(rawValue: "PackageMissing")
        public static let packageInterrupted = Fault(rawValue: "PackageInterrupted")
        public static let holdRemoved = Fault(rawValue: "HoldRemoved")
        public static let memberChanged = Fault(rawValue: "MemberChanged")
        public static let networkGone = Fault(rawValue: "NetworkGone")
        public static let serviceChanged = Fault(rawValue: "ServiceChanged")
        public static let serviceGone = Fault(rawValue: "ServiceGone")
        /// A task stays pending although a node would take it.
        public static let tasksPending = Fault(rawValue: "TasksPending")

        /// A mount that is there and bad, by the probe's word: `ShareStale`, `ShareFrozen`, `ShareReadOnly`, `ShareShadowed`, `ShareWrongSource`.
        public static func share(_ reason: String) -> Fault { Fault(rawValue: "Share\(reason)") }
    }

    public var fault: Fault
    /// What was found, in words that go on a sentence: "it was gone".
    public var evidence: String
    /// What was done, in the order in which it was done.
    public var actions: [String]
    /// How many actions failed on the way.
    public var failures: Int
    /// How it stood before and afterwards: a condition's reason and message.
    public var before: String
    public var after: String
    /// When it was noticed, by the node's clock; the ledger line's time is when it was seen to be right again.
    public var noticed: Instant

    public init(fault: Fault, evidence: String, actions: [String] = [], failures: Int = 0, before: String, after: String, noticed: Instant) {
        self.fault = fault
        self.evidence = evidence
        self.actions = actions
        self.failures = failures
        self.before = before
        self.after = after
        self.noticed = noticed
    }
}
