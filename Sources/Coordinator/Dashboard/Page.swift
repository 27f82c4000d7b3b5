import Mustache

/// The frame of a page and what stands inside it; names are looked up in the frame first, then inside.
struct Page<Inside: Sendable>: MustacheParent, Sendable {
    let title: String
    let version: String
    var viewer: Viewer?
    var clusterName: String?
    /// Where the page's events come from; nil for pages that stand still.
    var live: String?
    let inside: Inside

    func child(named name: String) -> Any? {
        switch name {
        case "title": title
        case "version": version
        case "viewer": viewer
        case "clusterName": clusterName
        case "live": live
        case "refresh": live != nil
        case "cluster": inside as? ClusterView
        default: Mirror(reflecting: inside).children.first { $0.label == name }.flatMap { unwrapped($0.value) }
        }
    }

    private func unwrapped(_ value: Any) -> Any? {
        let mirror = Mirror(reflecting: value)
        return mirror.displayStyle == .optional ? mirror.children.first?.value : value
    }
}
