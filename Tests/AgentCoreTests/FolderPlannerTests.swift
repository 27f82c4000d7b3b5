import SkepModel
import Testing

@testable import AgentCore

@Suite struct FolderPlannerTests {
    @Test func whatIsMissingIsMadeAndWhatIsThereIsSaid() {
        var spec = Samples.spec()
        spec.folders = ["/srv/a", "/srv/b"]
        var brain = AgentBrain(spec: spec, revision: 1)
        var seen = Samples.observation()
        seen.missingFolders = .seen(["/srv/b"])
        let now = Instant(milliseconds: 1)
        #expect(brain.pass(seen, now: now).contains(.makeFolders(["/srv/b"])))
        func folders() -> [String]? { brain.status(seen, node: spec.node, bootID: "b", version: "0", now: now).folders }
        #expect(folders() == ["/srv/a"])
        brain.finished(.makeFolders(["/srv/b"]), .done, seconds: 0, now: now)
        seen.missingFolders = .seen([])
        #expect(!brain.pass(seen, now: now).contains(.makeFolders(["/srv/b"])) && folders() == ["/srv/a", "/srv/b"])
        let condition = brain.status(seen, node: spec.node, bootID: "b", version: "0", now: now).condition(.folders)
        #expect(condition?.status == .true)
    }

    @Test func whatNoStackBindsIsNotSpokenOf() {
        var brain = AgentBrain(spec: Samples.spec(), revision: 1)
        let now = Instant(milliseconds: 1)
        _ = brain.pass(Samples.observation(), now: now)
        let status = brain.status(Samples.observation(), node: Samples.spec().node, bootID: "b", version: "0", now: now)
        #expect(status.folders == nil && status.condition(.folders) == nil)
    }
}
