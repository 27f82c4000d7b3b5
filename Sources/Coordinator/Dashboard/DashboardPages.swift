import Mustache
public import SkepModel
public import SkepWire

/// Renders the pages; a value in, a text out.
public struct DashboardPages: Sendable {
    private let library: MustacheLibrary
    private let version: String

    /// - Throws: when an embedded template does not parse.
    public init(version: String) throws {
        MustacheContentTypes.register(ScalarEscape(), named: ScalarEscape.name)
        var library = MustacheLibrary()
        for (name, bytes) in Self.templates { try library.register(Self.text(bytes), named: name) }
        self.library = library
        self.version = version
    }

    static let templates: [(name: String, bytes: [UInt8])] = [
        ("page", PackageResources.page_mustache),
        ("overview", PackageResources.overview_mustache),
        ("overview-fragment", PackageResources.overview_fragment_mustache),
        ("cluster", PackageResources.cluster_mustache),
        ("cluster-fragment", PackageResources.cluster_fragment_mustache),
        ("conditions", PackageResources.conditions_mustache),
        ("node", PackageResources.node_mustache),
        ("stack", PackageResources.stack_mustache),
        ("traffic", PackageResources.traffic_mustache),
        ("operation", PackageResources.operation_mustache),
        ("mark", PackageResources.mark_mustache),
        ("age", PackageResources.age_mustache),
        ("login", PackageResources.login_mustache),
        ("message", PackageResources.message_mustache),
    ]

    /// `GET /`: all clusters.
    public func overview(_ clusters: [StatusAnswer], viewer: Viewer) -> String {
        render("overview", Page(title: "Clusters", version: version, viewer: viewer, live: "/live", overview: OverviewView(clusters)))
    }

    /// What the server-sent event `status` of `GET /live` carries.
    public func overviewFragment(_ clusters: [StatusAnswer]) -> String {
        render("overview-fragment", OverviewFragment(overview: OverviewView(clusters)))
    }

    /// `GET /clusters/NAME`: all of one cluster; events come newest first.
    public func cluster(_ status: StatusAnswer, events: [Event], viewer: Viewer) -> String {
        let name = status.cluster.name.rawValue
        let view = ClusterView(status, events: events)
        return render("cluster", Page(title: name, version: version, viewer: viewer, live: "/clusters/\(name)/live", cluster: view))
    }

    /// What the server-sent event `status` of `GET /clusters/NAME/live` carries.
    public func clusterFragment(_ status: StatusAnswer, events: [Event]) -> String {
        render("cluster-fragment", ClusterFragment(cluster: ClusterView(status, events: events)))
    }

    /// `GET /login`; the form posts `code` to `/login`.
    public func login(error: String?) -> String {
        render("login", Page(title: "Log in", version: version, login: LoginView(error: error)))
    }

    /// The page for an address that is none.
    public func notFound(viewer: Viewer?) -> String {
        failure(title: "Not found", message: "There is nothing at this address, or you may not see it.", viewer: viewer)
    }

    /// The page for any other refusal.
    public func failure(title: String, message: String, viewer: Viewer?) -> String {
        render("message", Page(title: title, version: version, viewer: viewer, message: MessageView(heading: title, words: message)))
    }

    private func render(_ template: String, _ view: some View) -> String { library.render(Reflected(view), withTemplate: template) ?? "" }
}

/// A fragment's root has the same names as a page's.
struct ClusterFragment: View { let cluster: ClusterView }

struct OverviewFragment: View { let overview: OverviewView }

struct LoginView: View { let error: String? }

struct MessageView: View {
    let heading: String
    let words: String
}
