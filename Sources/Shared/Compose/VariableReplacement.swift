import SkepYAML

/// Replaces the variables in every value of a compose file, and gives the results the types that Docker's own reader would.
struct VariableReplacement {
    let remarks: Remarks
    let value: (String) -> String?

    func replace(_ node: YAMLNode, path: [String] = []) -> YAMLNode {
        var result = node
        switch node.content {
        case .list(let items):
            result.content = .list(items.enumerated().map { replace($0.element, path: path + [String($0.offset)]) })
        case .map(let entries):
            result.content = .map(
                entries.map { entry in
                    var entry = entry
                    entry.value = replace(entry.value, path: path + [entry.key])
                    return entry
                })
        case .scalar(let scalar):
            guard scalar.kind == .text, scalar.text.utf8.contains(0x24) else { return node }
            var interpolation = Interpolation(value)
            do {
                let text = try interpolation.replace(scalar.text)
                for name in interpolation.unset { remarks.warn(node, "the variable '\(name)' is not set: nothing is put in its place") }
                result.content = .scalar(typed(text, path: path, node))
            } catch {
                remarks.add(node, error.message, fix: error.fix)
            }
        }
        return result
    }

    private func typed(_ text: String, path: [String], _ node: YAMLNode) -> YAMLNode.Scalar {
        func refuse(_ what: String) -> YAMLNode.Scalar {
            remarks.add(node, "'\(text)' is no \(what)", fix: "set the variable to one")
            return .init(text, .text)
        }
        switch ComposeSchema.cast(path) {
        case nil: return .init(text, .text)
        case .integer: return Int(text) == nil ? refuse("whole number") : .init(text, .integer)
        case .decimal: return Double(text) == nil ? refuse("number") : .init(text, .decimal)
        case .truth: return ["true", "false"].contains(text) ? .init(text, .truth) : refuse("truth value: true or false")
        }
    }

    /// Dollar signs doubled, because Docker's reader replaces variables once more.
    static func escaped(_ node: YAMLNode) -> YAMLNode {
        var result = node
        switch node.content {
        case .list(let items): result.content = .list(items.map(escaped))
        case .map(let entries):
            result.content = .map(
                entries.map { entry in
                    var entry = entry
                    entry.value = escaped(entry.value)
                    return entry
                })
        case .scalar(let scalar):
            guard scalar.text.utf8.contains(0x24) else { return node }
            result.content = .scalar(.init(scalar.text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"), scalar.kind))
        }
        return result
    }
}
