import SkepClusterFile
import SkepModel
import SkepYAML

/// Everything that the checks look at, and where they say what they found. A check belongs to the file that its subject names.
struct Examination {
    let subject: StackSubject
    let facts: DoctorFacts
    let document: ComposeDocument
    let files: StackFiles
    let remarks: Remarks

    func examine() {
        names()
        references()
        networks()
        attachments()
        portsTwice()
        for entry in document.entries("services") {
            remarks.service = entry.key
            let service = Service(entry: entry)
            image(service)
            mounts(service)
            ports(service)
            placement(service)
            traefik(service)
            secrets(service)
            kernel(service)
            remarks.service = nil
        }
    }

    /// One service of the document.
    struct Service {
        let entry: YAMLNode.Entry
        var node: YAMLNode { entry.value }
        var name: String { entry.key }
        /// Its image without registry and tag, lower case, such as `library/traefik` or `minio/minio`.
        var image: ImageName? { node.text("image").flatMap(ImageName.init) }
        var labels: [YAMLNode.Entry] { node["deploy"]?["labels"]?.map ?? [] }
        var environment: [YAMLNode.Entry] { node["environment"]?.map ?? [] }
        var replicas: Int { node["deploy"]?.text("replicas").flatMap(Int.init) ?? 1 }
        var isGlobal: Bool { node["deploy"]?.text("mode") == "global" }
        /// The words of its command and its entrypoint.
        var words: [YAMLNode] {
            ["entrypoint", "command"].flatMap { key -> [YAMLNode] in
                guard let place = node[key] else { return [] }
                if let items = place.list { return items }
                return (place.scalar?.text ?? "").split(whereSeparator: \.isWhitespace).map { place.with(text: String($0)) }
            }
        }
        func variable(_ name: String) -> YAMLNode? { environment.first { $0.key == name }?.value }
    }
}
