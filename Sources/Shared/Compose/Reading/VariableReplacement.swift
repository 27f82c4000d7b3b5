import SkepYAML

/// Replaces the variables in every value of a compose file. What comes out is a text; its key gives it another kind later.
struct VariableReplacement {
    let remarks: Remarks
    let value: (String) -> String?

    func replace(_ node: YAMLNode) -> YAMLNode {
        switch node.content {
        case .list(let items): return node.with(.list(items.map(replace)))
        case .map:
            return node.mapped { replace($0.value) }
        case .scalar(let scalar):
            guard scalar.kind == .text, scalar.text.utf8.contains(0x24) else { return node }
            var interpolation = Interpolation(value)
            do {
                let text = try interpolation.replace(scalar.text)
                for name in interpolation.unset {
                    remarks.warn(
                        .unsetVariable, node, "the variable '\(name)' is not set: nothing is put in its place",
                        fix: "set it under 'env:' of the stack or in .env, or write ${\(name):-DEFAULT}")
                }
                return node.with(text: text)
            } catch {
                remarks.error(.variable, node, error.message, fix: error.fix)
                return node
            }
        }
    }

    /// Dollar signs doubled, because Docker's reader replaces variables once more.
    static func escaped(_ node: YAMLNode) -> YAMLNode {
        switch node.content {
        case .list(let items): return node.with(.list(items.map(escaped)))
        case .map:
            return node.mapped { escaped($0.value) }
        case .scalar(let scalar):
            guard scalar.text.utf8.contains(0x24) else { return node }
            return node.with(.scalar(.init(scalar.text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"), scalar.kind)))
        }
    }
}
