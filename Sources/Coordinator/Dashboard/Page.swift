/// The frame of a page and what stands inside it.
struct Page: View {
    let title: String
    let version: String
    let viewer: Viewer?
    let clusterName: String?
    /// Where the page's events come from; nil for pages that stand still.
    let live: String?
    /// Whether the page is loaded again now and then where no script runs.
    let refresh: Bool
    let cluster: ClusterView?
    let overview: OverviewView?
    let login: LoginView?
    let message: MessageView?

    init(
        title: String, version: String, viewer: Viewer? = nil, live: String? = nil, cluster: ClusterView? = nil, overview: OverviewView? = nil,
        login: LoginView? = nil, message: MessageView? = nil
    ) {
        self.title = title
        self.version = version
        self.viewer = viewer
        self.live = live
        refresh = live != nil
        clusterName = cluster?.name
        self.cluster = cluster
        self.overview = overview
        self.login = login
        self.message = message
    }
}
