import Glibc
import SkepSystem
import Testing

@Suite final class FilesTests {
    private let folder = "/tmp/skep-files-\(SystemRandom.hex(6))"

    init() throws {
        try Files.makeDirectory(folder, mode: 0o700)
    }

    deinit {
        try? Files.removeTree(folder)
    }

    @Test func aWrittenFileHasItsBytesAndModeWhateverTheUmask() throws {
        let path = "\(folder)/a"
        try AtomicFile.write(path, "one", mode: 0o600)
        try AtomicFile.write(path, "two", mode: 0o666)
        #expect(try Files.readText(path) == "two")
        #expect(try Files.status(path)?.mode == 0o666)
        #expect(try Files.list(folder) == ["a"])
    }

    @Test func aFailedWriteLeavesNothingBehind() throws {
        try Files.makeDirectory("\(folder)/a/b")
        #expect(throws: SystemError.self) { try AtomicFile.write("\(folder)/a", "x") }
        #expect(try Files.list(folder) == ["a"])
        #expect(throws: SystemError(.notFound, "")) { try AtomicFile.write("\(folder)/none/x", "x") }
    }

    @Test func aLinkIsReplacedAndNotFollowed() throws {
        try AtomicFile.write("\(folder)/target", "old")
        try Files.link("\(folder)/link", to: "target")
        #expect(try Files.readLink("\(folder)/link") == "target")
        try AtomicFile.write("\(folder)/link", "new")
        #expect(try Files.readText("\(folder)/target") == "old")
        #expect(try Files.status("\(folder)/link", followLinks: false)?.kind == .file)
    }

    @Test func onlyAChangeIsWritten() throws {
        let path = "\(folder)/a"
        #expect(try AtomicFile.writeIfChanged(path, "one", mode: 0o640))
        let inode = try Files.status(path)?.inode
        #expect(try !AtomicFile.writeIfChanged(path, "one", mode: 0o640))
        #expect(try Files.status(path)?.inode == inode)
        #expect(try AtomicFile.writeIfChanged(path, "one", mode: 0o600))
        #expect(try AtomicFile.writeIfChanged(path, "two", mode: 0o600))
        #expect(try Files.readText(path) == "two")
    }

    @Test func exclusiveMeansOnce() throws {
        let path = "\(folder)/key"
        try Files.createExclusive(path, [1, 2], mode: 0o400)
        #expect(throws: SystemError(.exists, "")) { try Files.createExclusive(path, [3], mode: 0o400) }
        #expect(try Files.read(path) == [1, 2])
        #expect(try Files.status(path)?.mode == 0o400)
    }

    @Test func readingIsLimited() throws {
        let path = "\(folder)/a"
        try AtomicFile.write(path, [UInt8](repeating: 0, count: 100_000))
        #expect(try Files.read(path, limit: 100_000).count == 100_000)
        #expect(throws: SystemError(.tooLarge, "")) { try Files.read(path, limit: 99_999) }
        #expect(throws: SystemError(.notFound, "")) { try Files.read("\(folder)/none") }
        #expect(try Files.readIfPresent("\(folder)/none") == nil)
        #expect(try Files.readText("/proc/self/status").hasPrefix("Name:"))
    }

    @Test func treesAreRemovedAndLinksInThemNotFollowed() throws {
        try Files.makeDirectory("\(folder)/keep")
        try AtomicFile.write("\(folder)/keep/file", "x")
        try Files.makeDirectory("\(folder)/tree/deep/er")
        try AtomicFile.write("\(folder)/tree/deep/er/file", "x")
        try Files.link("\(folder)/tree/link", to: "\(folder)/keep")
        try Files.removeTree("\(folder)/tree")
        #expect(try Files.list(folder) == ["keep"])
        #expect(Files.exists("\(folder)/keep/file"))
        try Files.removeTree("\(folder)/tree")
        try Files.remove("\(folder)/tree")
    }

    @Test func foldersGetTheirMode() throws {
        try Files.makeDirectory("\(folder)/a/b", mode: 0o2770)
        #expect(try Files.status("\(folder)/a/b")?.mode == 0o2770)
        try Files.makeDirectory("\(folder)/a/b", mode: 0o700)
        #expect(try Files.status("\(folder)/a/b")?.mode == 0o700)
        try AtomicFile.write("\(folder)/file", "x")
        #expect(throws: SystemError.self) { try Files.makeDirectory("\(folder)/file") }
    }

    @Test func spaceIsPlausible() throws {
        let space = try Files.space(folder)
        #expect(space.total > 0 && space.free <= space.total)
    }
}
