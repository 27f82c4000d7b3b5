import SkepModel
import SkepYAML

/// Images that cannot run, or not for long.
extension Examination {
    func image(_ service: Service) {
        guard service.node.map != nil else { return }
        guard let place = service.node["image"], let text = place.scalar?.text, !text.isEmpty else {
            if !remarks.findings.contains(where: { $0.rule == .noImage && $0.service == service.name }) {
                remarks.error(.noImage, service.node, "the service '\(service.name)' has no image", fix: "name one with 'image:'")
            }
            return
        }
        guard let image = ImageName(text) else {
            return remarks.error(.noImage, place, "'\(text)' is no image", fix: "write NAME:TAG")
        }
        switch facts.images[text] {
        case .unreachable(let words): remarks.warn(.imageMissing, place, "'\(text)' could not be looked up: \(words)", fix: "look again later")
        case .local(let words):
            remarks.warn(
                .imageMissing, place, "'\(text)' is on the manager that looked, and its registry does not give it: \(words)",
                fix: "push it, unless every node that may run '\(service.name)' has it already")
        case let finding?:
            if let problem = finding.problem(of: text) { remarks.error(.imageMissing, place, problem.words, fix: problem.fix) }
        case nil: break
        }
        for gone in Self.gone where gone.names.contains("\(image.registry)/\(image.repository)") {
            remarks.error(.imageGone, place, "the image '\(text)' can no longer be pulled: \(gone.why)", fix: gone.fix)
        }
        if Self.cgroupV1.contains("\(image.registry)/\(image.repository)") {
            remarks.error(
                .cgroupV1, place, "'\(text)' dies on cgroup v2, which all current systems have, and starts again for ever",
                fix: "use ghcr.io/google/cadvisor")
        }
        guard image.digest == nil, image.tag == nil || image.tag == "latest" else { return }
        if Self.withoutLatest.contains("\(image.registry)/\(image.repository)") {
            remarks.error(.imageGone, place, "there is no 'latest' of '\(image.repository)'", fix: "name a version")
        } else {
            remarks.note(.imageTag, place, "'\(text)' names no version: what runs is decided by the day of its deployment", fix: "name a version")
        }
    }

    private struct Gone {
        let names: Set<String>
        let why: String
        let fix: String
    }

    /// Sources: minio/minio#21647; kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement.
    private static let gone = [
        Gone(
            names: ["docker.io/minio/minio", "docker.io/minio/mc"], why: "its repository was removed",
            fix: "use the catalogue's s3, or an image of your own")
    ]

    /// Source: google/cadvisor#3170.
    private static let cgroupV1: Set<String> = ["docker.io/google/cadvisor", "gcr.io/google-containers/cadvisor"]

    /// Official images whose makers publish versions only. Source: hub.docker.com/_/elasticsearch.
    private static let withoutLatest: Set<String> = [
        "docker.io/library/elasticsearch", "docker.io/library/kibana", "docker.io/library/logstash",
        "docker.elastic.co/elasticsearch/elasticsearch", "docker.elastic.co/kibana/kibana", "docker.elastic.co/logstash/logstash",
    ]
}
