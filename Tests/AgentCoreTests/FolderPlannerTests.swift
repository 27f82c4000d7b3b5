import SkepModel
import Testing

@testable import AgentCore

@Suite struct FolderPlannerTests {
    private let now = Instant(milliseconds: 1)

    /// A brain that is asked for these folders, and what it makes of a look.
    private struct Subject {
        var spec = Samples.spec()
        var brain: AgentBrain
        var seen = Samples.observation()
        let now = Instant(milliseconds: 1)

        init(_ folders: [String]) {
            spec.folders = folders
            brain = AgentBrain(spec: spec, revision: 1)
        }

        mutating func look(_ folders: [String: Observation.BoundFolder]) -> [AgentAction] {
            seen.boundFolders = .seen(folders)
            return brain.pass(seen, now: now).filter { $0.lane == .folders }
        }

        var status: NodeStatus { brain.status(seen, node: spec.node, bootID: "b", version: "0", now: now) }
    }

    @Test func whatIsMissingIsMadeAndWhatIsThereIsSaid() {
        var subject = Subject(["/srv/a", "/srv/b"])
        #expect(subject.look(["/srv/a": .init(exists: true), "/srv/b": .init(exists: false)]) == [.makeFolders(["/srv/b"])])
        #expect(subject.status.folders == ["/srv/a"])
        subject.brain.finished(.makeFolders(["/srv/b"]), .done, seconds: 0, now: now)
        #expect(subject.look(["/srv/a": .init(exists: true), "/srv/b": .init(exists: true)]) == [])
        #expect(subject.status.folders == ["/srv/a", "/srv/b"] && subject.status.condition(.folders)?.status == .true)
    }

    @Test func aFolderThatWasNotLookedAtIsNotSaidToBeThere() {
        var subject = Subject(["/srv/a", "/srv/b"])
        #expect(subject.look(["/srv/a": .init(exists: true)]) == [])
        #expect(subject.status.folders == ["/srv/a"] && subject.status.condition(.folders)?.status == .unknown)
    }

    @Test func aFolderWhoseDiskIsNotMountedIsNotMadeAnew() {
        var subject = Subject(["/data/db", "/disk"])
        let whole: [String: Observation.BoundFolder] = [
            "/data/db": .init(exists: true, mount: "/data"), "/disk": .init(exists: true, mount: "/disk"),
        ]
        _ = subject.look(whole)
        #expect(subject.status.folders == ["/data/db", "/disk"])

        let bare: [String: Observation.BoundFolder] = ["/data/db": .init(exists: false), "/disk": .init(exists: true)]
        #expect(subject.look(bare) == [] && subject.status.folders == [])
        let condition = subject.status.condition(.folders)
        #expect(condition?.status == .false && condition?.reason == "NotMounted")
        #expect(condition?.message.contains("/data/db is on what was mounted at /data, and is not now; /disk is on") == true)
        #expect(subject.look(bare) == [], "nor is it forgotten by the next look")

        #expect(subject.look(whole) == [] && subject.status.condition(.folders)?.status == .true)
        // removed while its disk is there: made anew
        #expect(subject.look(["/data/db": .init(exists: false, mount: "/data"), "/disk": whole["/disk"]!]) == [.makeFolders(["/data/db"])])
    }

    @Test func aFolderThatAPersonMadeInItsPlaceIsTaken() {
        var subject = Subject(["/data/db"])
        _ = subject.look(["/data/db": .init(exists: true, mount: "/data")])
        #expect(subject.look(["/data/db": .init(exists: true)]) == [] && subject.status.folders == ["/data/db"])
        #expect(subject.look(["/data/db": .init(exists: false)]) == [.makeFolders(["/data/db"])], "from now on it is of that disk")
    }

    @Test func whatNoStackBindsIsForgottenAndNotSpokenOf() {
        var subject = Subject(["/data/db"])
        _ = subject.look(["/data/db": .init(exists: true, mount: "/data")])
        var spec = subject.spec
        spec.folders = nil
        subject.brain.accept(spec, revision: 2)
        #expect(subject.look([:]) == [] && subject.status.folders == nil && subject.status.condition(.folders) == nil)
        #expect(subject.brain.memory.folderMounts == nil)
    }
}
