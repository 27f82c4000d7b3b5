/// What the doctor looks for. The raw value is the rule's name in output, in SARIF and in docs/doctor.md; names stay as they are.
public enum DoctorRule: String, Codable, Hashable, Sendable, CaseIterable {
    // Reading
    case yaml
    case shape
    case unknownKey = "unknown-key"
    case ignoredKey = "ignored-key"
    case name
    case variable
    case unsetVariable = "unset-variable"
    case fileMissing = "file-missing"
    case fileOutside = "file-outside"
    case noVersion = "no-version"
    case rewritten

    // What a service needs
    case noImage = "no-image"
    case imageGone = "image-gone"
    case imageTag = "image-tag"
    case imageMissing = "image-missing"
    case cgroupV1 = "cgroup-v1"
    case undefined
    case networkMissing = "network-missing"
    case attachmentSize = "attachment-size"
    case attachmentName = "attachment-name"
    case attachmentExternal = "attachment-external"
    case bindPath = "bind-path"
    case dataStays = "data-stays"
    case nfsOptions = "nfs-options"
    case noNode = "no-node"
    case placement
    case memoryLock = "memory-lock"
    case mapCount = "map-count"

    // Traffic
    case portOpen = "port-open"
    case portClosed = "port-closed"
    case portTaken = "port-taken"
    case portAddress = "port-address"
    case clientAddress = "client-address"
    case traefikAPI = "traefik-api"
    case traefikV1 = "traefik-v1"
    case traefikLabels = "traefik-labels"
    case traefikPort = "traefik-port"
    case traefikNetwork = "traefik-network"
    case traefikResolver = "traefik-resolver"
    case traefikHost = "traefik-host"

    // Secrets
    case defaultPassword = "default-password"
    case secretInEnvironment = "secret-in-environment"
    case certificateEnds = "certificate-ends"

    // Scripts
    case forceNewCluster = "force-new-cluster"
    case networkTwice = "network-twice"
    case networkRemoval = "network-removal"
    case nodeOrder = "node-order"
    case keysAnew = "keys-anew"

    /// What it is about, in one line.
    public var summary: String {
        switch self {
        case .yaml: "The file is not YAML, or larger or deeper than is read."
        case .shape: "A value is not of the kind that its key takes."
        case .unknownKey: "A key that Docker's stack deployment does not know."
        case .ignoredKey: "A key that a swarm takes no notice of."
        case .name: "A name that Docker would refuse."
        case .variable: "A variable that is required and not set, or is written in no form that Compose knows."
        case .unsetVariable: "A variable that is not set and has no default."
        case .fileMissing: "A file that is named and is not there."
        case .fileOutside: "A file outside of the stack's folder."
        case .noVersion: "No 'version:', which the Docker CLI of Debian 12 refuses; Skep writes one."
        case .rewritten: "Skep writes it in another way with the same meaning, because Docker's stack deployment would not take it."
        case .noImage: "A service without an image; a swarm builds none."
        case .imageGone: "An image that can no longer be pulled, or must no longer be used."
        case .imageTag: "An image without a version: what runs is decided by the day of its deployment."
        case .imageMissing: "An image that the nodes' registry does not have, or does not give them."
        case .cgroupV1: "An image that dies on cgroup v2, which all current systems have."
        case .undefined: "A name that nothing defines."
        case .networkMissing: "An external network that nothing makes."
        case .attachmentSize: "A config or secret that is empty or too large for Docker."
        case .attachmentName: "A config or secret with a fixed name: its content could never change; Skep adds the content's digest to it."
        case .attachmentExternal: "A config or secret that must be made by hand."
        case .bindPath: "A bind of a path that the nodes do not have."
        case .dataStays: "Data on one node's disk, and a service that may be started on another."
        case .nfsOptions: "An NFS volume whose options contradict its use, or hang for ever."
        case .noNode: "No node satisfies the constraints."
        case .placement: "A constraint that no reader takes, or that a new machine breaks."
        case .memoryLock: "Memory is to be locked, and the limit does not allow it."
        case .mapCount: "The kernel's vm.max_map_count is too low for what runs."
        case .portOpen: "A port of a database or an administration, published on every node, past the nodes' INPUT chains."
        case .portClosed: "A published port that nothing opens: Skep keeps it closed."
        case .portTaken: "A port that is published twice."
        case .portAddress: "A published port with an address, of which a swarm takes no notice: it is open on all of them."
        case .clientAddress: "A proxy behind the ingress mesh: it sees no client's address."
        case .traefikAPI: "A Traefik that asks for a version of Docker's API that current engines refuse: no route is ever made."
        case .traefikV1: "Labels of Traefik v1, which none that is maintained reads."
        case .traefikLabels: "Traefik's labels on the containers: in a swarm it reads those of 'deploy'."
        case .traefikPort: "A routed service without its port: in a swarm Traefik cannot find it out."
        case .traefikNetwork: "A routed service on several networks: Traefik takes any of them, and answers 504."
        case .traefikResolver: "A certificate resolver that Traefik was not given."
        case .traefikHost: "A router for a host name that is not yours."
        case .defaultPassword: "A password that everybody knows."
        case .secretInEnvironment: "A secret in clear in the environment, which 'docker inspect' shows."
        case .certificateEnds: "A certificate that has ended or ends soon, and that nothing renews."
        case .forceNewCluster: "'swarm init --force-new-cluster' for a first swarm."
        case .networkTwice: "'docker network create' without a look whether it is there: a second run fails."
        case .networkRemoval: "'docker network rm' right after 'docker stack rm': it has active endpoints."
        case .nodeOrder: "Nodes taken by the order in which 'docker node ls' prints them."
        case .keysAnew: "Keys generated anew at each deployment: everybody is logged out."
        }
    }
}
