import SkepModel
import SkepWire

/// What nodes say against shares: at those that their words name, and apart from them what names none and may concern any.
struct ShareProblems {
    /// By share and node.
    private(set) var named: [ShareName: [String: String]] = [:]
    /// By node.
    private(set) var others: [String: String] = [:]

    init(_ shares: [ClusterSpec.Share], _ nodes: [StatusAnswer.Node]) {
        for node in nodes {
            for condition in node.conditions where [.mounts, .exports].contains(condition.type) && condition.status != .true {
                let problem = [node.name.rawValue: condition.message]
                let words = condition.message.split { !Self.isOfPaths($0) }
                let concerned = shares.filter { share in
                    let folder = condition.type == .exports ? share.path : share.mount
                    return words.contains { $0 == folder || $0.hasPrefix(folder + "/") }
                }
                for share in concerned { named[share.name, default: [:]].merge(problem) { "\($0); \($1)" } }
                if concerned.isEmpty { others.merge(problem) { "\($0); \($1)" } }
            }
        }
    }

    /// All that may concern a share, by node.
    func all(_ share: ShareName) -> [String: String] { others.merging(named[share] ?? [:]) { "\($0); \($1)" } }

    /// `NODE: WORDS`, in the order of the nodes' names.
    static func lines(_ problems: [String: String]) -> [String] { problems.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } }

    /// Whether a share's path may hold it.
    private static func isOfPaths(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._-/".contains(character))
    }
}
