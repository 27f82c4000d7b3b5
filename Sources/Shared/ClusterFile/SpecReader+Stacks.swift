import SkepModel
import SkepYAML

/// What a stack may refer to.
struct StackContext {
    let nodes: [ClusterSpec.Node]
    let shares: [String]
    let networks: [String]
    let taken: TakenPorts
}

extension SpecReader {
    func stacks(_ node: YAMLNode, _ context: StackContext) -> [ClusterSpec.Stack] {
        guard let entries = Section.entries(node, path: "stacks", findings) else { return [] }
        let names = entries.map(\.key)
        var result: [ClusterSpec.Stack] = []
        var edges: [String: [(name: String, place: YAMLNode)]] = [:]
        for entry in entries {
            let path = "stacks.\(entry.key)"
            findings.remember(path, entry)
            let keys = ["from", "compose", "env", "after", "expose", "share"] + Self.catalogueKeys
            guard let name = name(entry, of: "stack", StackName.self), let section = Section(entry.value, path: path, keys: keys, findings) else {
                continue
            }
            let after = self.after(section, entry.key, names: names)
            edges[entry.key] = after
            guard let (source, overrides) = source(section, entry) else { continue }
            let share = reference(section, "share", context.shares, "share", "nfs.shares").flatMap(ShareName.init(rawValue:))
            var stack = ClusterSpec.Stack(
                name: name, source: source, overrides: overrides.isEmpty ? nil : overrides, after: after.compactMap { StackName(rawValue: $0.name) },
                expose: section["expose"].map { openings($0, path: "\(path).expose", owner: "the stack '\(name)'", taken: context.taken) } ?? [],
                share: share)
            if let known = CatalogueIndex.entry(stack) {
                stack.environment = environment(section, options: known.options)
                catalogue(known, section, &stack, context, among: entries)
            } else {
                stack.environment = environment(section, options: nil)
                refuseCatalogueKeys(section)
            }
            result.append(stack)
        }
        refuseCycles(names, edges)
        return result
    }

    private func source(_ section: Section, _ entry: YAMLNode.Entry) -> (source: ClusterSpec.Stack.Source, overrides: [String])? {
        switch (section["from"], section["compose"]) {
        case (nil, nil):
            findings.add(
                entry, "the stack '\(entry.key)' says not what it is", fix: "add 'compose: ./FOLDER/docker-compose.yml' or 'from: catalogue'")
            return nil
        case (.some(let place), .some):
            findings.add(place, "the stack '\(entry.key)' has both 'from' and 'compose'", fix: "keep one of the two")
            return nil
        case (.some(let place), nil):
            guard section.word("from", ["catalogue"]) != nil else { return nil }
            guard CatalogueIndex.entry(entry.key) != nil else {
                let existing = CatalogueIndex.entries.map(\.name).joined(separator: ", ")
                findings.add(place, "the catalogue has no '\(entry.key)'", fix: "it has: \(existing); a stack of your own is named by 'compose:'")
                return nil
            }
            return (.catalogue, [])
        case (nil, .some(let place)):
            var paths: [String] = []
            for item in place.list ?? [place] {
                guard let text = item.scalar?.text, !item.isNull else {
                    findings.add(item, "'\(section.path).compose' must be a path or a list of paths, not \(item.kindInWords)")
                    return nil
                }
                if let problem = Rules.relativePathProblem(text) {
                    findings.add(item, "'\(section.path).compose' '\(text)' \(problem.message)", fix: problem.fix)
                    return nil
                }
                paths.append(text.split(separator: "/").filter { $0 != "." }.joined(separator: "/"))
            }
            guard let first = paths.first else {
                findings.add(place, "'\(section.path).compose' names no file", fix: "add one, such as ./\(entry.key)/docker-compose.yml")
                return nil
            }
            return (.compose(first), Array(paths.dropFirst()))
        }
    }

    func reference(_ section: Section, _ key: String, _ known: [String], _ what: String, _ home: String) -> String? {
        guard let text = section.text(key) else { return nil }
        if known.contains(text) { return text }
        let near = Spelling.nearest(text, in: known)
        findings.add(
            section[key] ?? section.node, "\(section.name(key)) names the unknown \(what) '\(text)'",
            fix: near.map { "did you mean '\($0)'?" } ?? "add it to '\(home)'")
        return nil
    }

    private func after(_ section: Section, _ stack: String, names: [String]) -> [(name: String, place: YAMLNode)] {
        var result: [(name: String, place: YAMLNode)] = []
        for item in section.list("after") ?? [] {
            guard let text = item.scalar?.text, names.contains(text) else {
                let near = item.scalar.flatMap { Spelling.nearest($0.text, in: names) }
                findings.add(
                    item, "'\(section.path).after' names the unknown stack \(item.scalar.map { "'\($0.text)'" } ?? item.kindInWords)",
                    fix: near.map { "did you mean '\($0)'?" } ?? "known are: \(names.joined(separator: ", "))")
                continue
            }
            if result.contains(where: { $0.name == text }) {
                findings.add(item, "the stack '\(text)' is given twice", fix: "remove one")
            } else {
                result.append((text, item))
            }
        }
        return result
    }

    /// Refuses each cycle once, at the entry that closes it.
    private func refuseCycles(_ names: [String], _ edges: [String: [(name: String, place: YAMLNode)]]) {
        var done: Set<String> = []
        var trail: [String] = []
        func visit(_ name: String) {
            trail.append(name)
            for edge in edges[name] ?? [] {
                if let start = trail.firstIndex(of: edge.name) {
                    let cycle = (trail[start...] + [edge.name]).joined(separator: " → ")
                    findings.add(edge.place, "'after' runs in a cycle: \(cycle)", fix: "remove one of these")
                } else if !done.contains(edge.name) {
                    visit(edge.name)
                }
            }
            trail.removeLast()
            done.insert(name)
        }
        for name in names where !done.contains(name) { visit(name) }
    }
}
