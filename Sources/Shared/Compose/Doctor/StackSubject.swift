public import SkepModel

/// A stack to look at: what it is made of, and the cluster that it is for, if there is one.
public struct StackSubject: Sendable {
    public var name: StackName
    /// The compose files, the first of which says where the others' files are; relative to the folder that `read` reads from.
    public var paths: [String]
    /// Values for variables; those of `.env` beside the first compose file come after them.
    public var environment: [String: String]
    /// Who may reach which of its ports.
    public var expose: [ClusterSpec.Opening]
    /// The share that it writes to.
    public var share: ShareName?
    /// The cluster; nil when the files are looked at alone.
    public var spec: ClusterSpec?
    /// At registries, by their hosts.
    public var logins: [String: RegistryLogin] = [:]

    public init(
        name: StackName, paths: [String], environment: [String: String] = [:], expose: [ClusterSpec.Opening] = [], share: ShareName? = nil,
        spec: ClusterSpec? = nil
    ) {
        self.name = name
        self.paths = paths
        self.environment = environment
        self.expose = expose
        self.share = share
        self.spec = spec
    }

    /// A stack of a cluster file that has compose files of its own.
    init(_ stack: ClusterSpec.Stack, of spec: ClusterSpec) {
        var paths: [String] = []
        if case .compose(let path) = stack.source { paths = [path] + (stack.overrides ?? []) }
        self.init(stack, paths: paths, of: spec)
    }

    init(_ stack: ClusterSpec.Stack, paths: [String], of spec: ClusterSpec) {
        self.init(name: stack.name, paths: paths, environment: stack.environment, expose: stack.expose, share: stack.share, spec: spec)
    }
}

/// What the doctor must be told of the world.
public struct DoctorFacts {
    /// The time; nil when it is not known.
    public var now: Instant?
    /// What was accepted before is made again whatever the checks say now: they had their say then.
    public var isAccepted = false
    /// When a certificate ends, in PEM or DER; nil for what is none.
    public var certificateEnd: (@Sendable ([UInt8]) -> Instant?)?

    /// What was found of images at their registries, by their names in the files; nothing where nobody asked.
    public var images: [String: ImageFinding] = [:]

    /// The content of what Skep makes; nil where that is not known, and something else stands in its place.
    public var generated: ((StackName, GeneratedValue) -> [UInt8]?)?

    public init(now: Instant? = nil, certificateEnd: (@Sendable ([UInt8]) -> Instant?)? = nil) {
        self.now = now
        self.certificateEnd = certificateEnd
    }
}
