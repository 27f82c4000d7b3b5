import SkepModel
import Testing

@testable import AgentCore

/// What is a repair, when it is told, and when it waits.
@Suite struct RepairBookTests {
    let now = Instant(milliseconds: 1_000_000)
    private let gone = Cause(.tableGone, "it was gone")

    /// One fault, found and mended after `seconds`, as soon as the book lets it be; when that was.
    private func mend(_ book: inout RepairBook, _ lane: Lane = .firewall, at: Instant) -> Instant {
        book.begin(lane, gone, isSettled: true, noticed: at)
        let begun = at.advanced(by: book.pause(lane, gone, now: at))
        #expect(book.pause(lane, gone, now: begun) == 0)
        _ = book.note(lane, "install it", failed: false)
        #expect(book.settle(lane, after: "AsSpecified", now: begun) != nil)
        return begun
    }

    @Test func whatWasNeverRightIsNotRepaired() {
        var book = RepairBook()
        book.begin(.firewall, gone, isSettled: false, noticed: now)
        #expect(book.note(.firewall, "install it", failed: false) == false)
        #expect(book.settle(.firewall, after: "", now: now) == nil)
    }

    @Test func whatNobodyBrokeIsNoRepair() {
        var book = RepairBook()
        book.begin(.firewall, Cause(nil, "nodes or bridges changed"), isSettled: true, noticed: now)
        #expect(book.note(.firewall, "install it", failed: false) == false)
    }

    @Test func aRepairTellsAllThatWasFoundDoneAndFailed() {
        var book = RepairBook()
        book.begin(.server, Cause(.folderGone, "it was gone", before: "no folder"), isSettled: true, noticed: now)
        #expect(book.note(.server, "make /srv", failed: true) == true)
        #expect(book.note(.server, "make /srv", failed: false) == true)
        book.begin(.server, Cause(.notExported, "/srv was not exported"), isSettled: true, noticed: now.advanced(by: 500))
        #expect(book.note(.server, "export the shares", failed: false) == true)
        let repair = book.settle(.server, after: "Exported: /srv", now: now.advanced(by: 900))
        #expect(
            repair
                == Repair(
                    fault: .folderGone, evidence: "it was gone; /srv was not exported", actions: ["make /srv", "export the shares"], failures: 1,
                    before: "no folder", after: "Exported: /srv", noticed: now))
    }

    @Test func oneThatKeepsComingBackWaitsLongerEachTime() {
        var book = RepairBook()
        var at = now
        var waits: [Int64] = []
        for _ in 0..<8 {
            let broken = at.advanced(by: 10)
            at = mend(&book, .mounts, at: broken)
            waits.append(at.since(broken))
        }
        #expect(waits.prefix(RepairBook.free) == [0, 0, 0])
        for (index, wait) in waits.dropFirst(RepairBook.free).enumerated() {
            let whole = Int64(1000) << Int64(index)
            #expect((whole * 8 / 10 - 10...whole).contains(wait), "\(wait) ms after \(index)")
        }
        #expect(book.returning(at).map(\.count) == [8])
        let later = at.advanced(by: RepairBook.window)
        #expect(book.returning(later).isEmpty, "what held for so long was mended")
        #expect(mend(&book, .mounts, at: later) == later)
    }

    @Test func aFirewallIsNeverLeftOpen() {
        var book = RepairBook()
        var at = now
        for _ in 0..<16 {
            let broken = at.advanced(by: 10)
            at = mend(&book, at: broken)
            #expect(at == broken)
        }
    }

    @Test func aClockThatIsSetMovesNoWait() {
        var book = RepairBook()
        var at = now
        for _ in 0..<5 { at = mend(&book, .mounts, at: at) }
        book.begin(.mounts, gone, isSettled: true, noticed: at)
        let left = book.pause(.mounts, gone, now: at)
        #expect(left > 0)
        book.clockStepped(by: 86_400_000)
        #expect((1...2 * left).contains(book.pause(.mounts, gone, now: at.advanced(by: 86_400_000))))
    }
}
