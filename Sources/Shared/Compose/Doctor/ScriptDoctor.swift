import SkepModel

/// Looks at the scripts by which people deploy, for what has gone wrong before.
public enum ScriptDoctor {
    /// Whether a file is a script rather than a compose file.
    public static func isScript(path: String, bytes: [UInt8]) -> Bool { path.hasSuffix(".sh") || bytes.starts(with: Array("#!".utf8)) }

    /// Findings by line.
    public static func examine(_ text: String, file: String) -> [Finding] {
        let remarks = Remarks(file: file)
        let lines = joined(text)
        var removed = false
        var waits = false
        var conditions = 0
        /// Arrays that hold what `docker node ls` printed.
        var lists: Set<String> = []
        let deploys = lines.contains { $0.text.contains("stack deploy") }
        for (number, line) in lines where !line.hasPrefix("#") {
            let place = Line(file: file, line: number)
            let words = line.split { $0.isWhitespace || $0 == ";" }
            let opened = words.count { $0 == "if" }
            let isGuarded = conditions > 0 || opened > 0 || line.contains("||") || isAfterTest(line)
            conditions = max(0, conditions + opened - words.count { $0 == "fi" })
            if line.contains("swarm init"), line.contains("--force-new-cluster") {
                remarks.error(
                    .forceNewCluster, place, "'--force-new-cluster' makes a swarm of one out of a lost one, and is nothing for a first",
                    fix: "leave the option out")
            }
            if line.contains("network create"), !isGuarded {
                remarks.warn(
                    .networkTwice, place, "a second run fails here, because the network is there already",
                    fix: "name it under 'networks' of the cluster file, or look first: docker network inspect NAME || …")
            }
            if line.contains("stack rm") || line.contains("stack remove") {
                removed = true
                waits = false
            }
            if line.hasPrefix("sleep") || line.hasPrefix("while") || line.hasPrefix("until") || line.contains(" wait") { waits = true }
            if line.contains("network rm"), removed, !waits {
                remarks.warn(
                    .networkRemoval, place, "'stack rm' does not wait: the network has active endpoints still", fix: "let Skep remove the stack")
            }
            if line.contains("docker node ls"), let list = list(line) { lists.insert(list) }
            if takesByOrder(line) || lists.contains(where: { isIndexed($0, in: line) }) {
                remarks.warn(
                    .nodeOrder, place, "'docker node ls' has no order that lasts: the node that is taken here may be another tomorrow",
                    fix: "name the nodes, as the cluster file does")
            }
            if deploys, ["openssl genrsa", "openssl req", "openssl rand", "ssh-keygen", "openssl genpkey"].contains(where: { line.contains($0) }),
                !isGuarded
            {
                remarks.warn(
                    .keysAnew, place, "keys are made anew with each deployment: everybody is logged out, and Docker refuses a changed secret",
                    fix: "make them once, or look first whether they are there")
            }
        }
        return remarks.findings.sorted()
    }

    /// Whether `&&` stands behind a question, rather than behind a command that is to be done in any case.
    private static func isAfterTest(_ line: String) -> Bool {
        guard let sign = line.firstRange(of: "&&") else { return false }
        let question = line[..<sign.lowerBound]
        return ["[", "test ", "!", "grep"].contains { question.hasPrefix($0) } || question.contains("| grep")
    }

    /// One of the nodes that `docker node ls` prints, by its place among them, in one line.
    private static func takesByOrder(_ line: String) -> Bool {
        guard line.contains("docker node ls") else { return false }
        // `tail -n +2` leaves the title out
        let selects = ["head", "tail -1", "tail -n 1", "tail -n1", "sed -n", "awk 'NR", "set -- "].contains { line.contains($0) }
        // `read` takes the first line, and in a loop each
        return selects || (line.hasPrefix("read ") || line.contains(" read ")) && !line.contains("while")
            || line.contains("echo") && line.contains("cut ")
    }

    /// The array that a line fills: `NAME=($(…))`, or `mapfile -t NAME < <(…)`.
    private static func list(_ line: String) -> String? {
        if let start = line.firstRange(of: "=(") {
            let name = line[..<start.lowerBound].split { $0.isWhitespace || $0 == ";" }.last
            return name.map(String.init)
        }
        guard line.hasPrefix("mapfile") || line.hasPrefix("readarray") else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first { !$0.hasPrefix("-") && $0 != "<" }.map(String.init)
    }

    /// `${NAME[0]}`; not all of it, `${NAME[@]}`, nor one by a counter.
    private static func isIndexed(_ name: String, in line: String) -> Bool {
        guard let start = line.firstRange(of: "${\(name)[") else { return false }
        return line[start.upperBound...].first.map { $0.isNumber || $0 == "-" } == true
    }

    private struct Line: Placed {
        let file: String
        let line: Int
        let column = 1
    }

    /// Lines without what they are indented by, those that go on after `\\` as one, with the number of the first.
    private static func joined(_ text: String) -> [(number: Int, text: String)] {
        var result: [(number: Int, text: String)] = []
        var goesOn = false
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = String(raw.drop { $0 == " " || $0 == "\t" })
            let continues = line.hasSuffix("\\")
            if continues { line.removeLast() }
            if goesOn, !result.isEmpty { result[result.count - 1].text += " " + line } else { result.append((index + 1, line)) }
            goesOn = continues
        }
        return result
    }
}
