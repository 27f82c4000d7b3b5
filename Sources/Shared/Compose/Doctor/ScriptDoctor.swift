import SkepModel

/// Looks at the scripts by which people deploy, for what has gone wrong before.
public enum ScriptDoctor {
    /// Whether a file is a script rather than a compose file.
    public static func isScript(path: String, bytes: [UInt8]) -> Bool { path.hasSuffix(".sh") || bytes.starts(with: Array("#!".utf8)) }

    /// Findings by line.
    public static func examine(_ text: String, file: String) -> [Finding] {
        let remarks = Remarks(file: file)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }
        var removed: Int?
        var waits = false
        let deploys = lines.contains { $0.contains("stack deploy") }
        for (index, line) in lines.enumerated() where !line.hasPrefix("#") {
            let place = Line(file: file, line: index + 1)
            if line.contains("swarm init"), line.contains("--force-new-cluster") {
                remarks.error(
                    .forceNewCluster, place, "'--force-new-cluster' makes a swarm of one out of a lost one, and is nothing for a first",
                    fix: "leave the option out")
            }
            if line.contains("network create"), !isGuarded(line, before: lines.prefix(index).suffix(2)) {
                remarks.warn(
                    .networkTwice, place, "a second run fails here, because the network is there already",
                    fix: "name it under 'networks' of the cluster file, or look first: docker network inspect NAME || …")
            }
            if line.contains("stack rm") || line.contains("stack remove") {
                removed = index
                waits = false
            }
            if line.hasPrefix("sleep") || line.hasPrefix("while") || line.hasPrefix("until") || line.contains(" wait") { waits = true }
            if line.contains("network rm"), removed != nil, !waits {
                remarks.warn(
                    .networkRemoval, place, "'stack rm' does not wait: the network has active endpoints still", fix: "let Skep remove the stack")
            }
            if line.contains("docker node ls"), ["head", "tail", "sed -n", "awk 'NR", "cut"].contains(where: { line.contains($0) }) {
                remarks.warn(
                    .nodeOrder, place, "'docker node ls' has no order that lasts: the node that is taken here may be another tomorrow",
                    fix: "name the nodes, as the cluster file does")
            }
            if deploys, ["openssl genrsa", "openssl req", "openssl rand", "ssh-keygen", "openssl genpkey"].contains(where: { line.contains($0) }),
                !isGuarded(line, before: lines.prefix(index).suffix(3))
            {
                remarks.warn(
                    .keysAnew, place, "keys are made anew with each deployment: everybody is logged out, and Docker refuses a changed secret",
                    fix: "make them once, or look first whether they are there")
            }
        }
        return remarks.findings.sorted()
    }

    private struct Line: Placed {
        let file: String
        let line: Int
        let column = 1
    }

    /// Whether it is done only when it was not.
    private static func isGuarded(_ line: Substring, before: ArraySlice<Substring>) -> Bool {
        line.contains("||") || line.contains("&&") || line.hasPrefix("if ")
            || before.contains { $0.hasPrefix("if ") || $0.hasSuffix("||") || $0.hasPrefix("[") }
    }
}
