import Mustache

/// A view as a template reads it: its stored properties by name, reflected once and not for each word of the template, which for a
/// cluster of 1,000 nodes is the difference between seconds and a moment.
struct Reflected: MustacheParent {
    private let fields: [String: any Sendable]

    init(_ view: some Sendable) {
        var fields: [String: any Sendable] = [:]
        for child in Mirror(reflecting: view).children {
            guard let name = child.label, let value = Self.reflected(child.value) else { continue }
            fields[name] = value
        }
        self.fields = fields
    }

    func child(named name: String) -> Any? { fields[name] }

    /// Texts, numbers and truths as they are, nil left out, what has properties of its own reflected in turn.
    private static func reflected(_ value: Any) -> (any Sendable)? {
        switch value {
        case let text as String: return text
        case let number as Int: return number
        case let truth as Bool: return truth
        case let rows as [any View]: return rows.map { Reflected($0) }
        case let view as any View: return Reflected(view)
        default:
            let mirror = Mirror(reflecting: value)
            guard mirror.displayStyle == .optional else { return nil }
            return mirror.children.first.flatMap { reflected($0.value) }
        }
    }
}

/// What a template may look into.
protocol View: Sendable {}
