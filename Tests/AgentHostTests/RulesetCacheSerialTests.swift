import SkepSystem
import Testing

@testable import AgentHost

@Suite(.serialized) struct RulesetCacheSerialTests {
    init() { EventLoop.runInBackground() }

    @Test @LoopActor func nftIsAskedAgainOnlyWhenSomethingChanged() async throws {
        let cache = RulesetCache()
        var asked = 0
        for _ in 0..<3 {
            _ = await cache.listing(HostLayout(root: "", hasSystemd: false)) {
                asked += 1
                return "digest"
            }
        }
        #expect(asked == 1)
        // Where nft runs in another namespace, this process's generation says nothing.
        var elsewhere = HostLayout(root: "", hasSystemd: false)
        elsewhere.nft = Program("/usr/sbin/ip", ["netns", "exec", "other", "nft"])
        for _ in 0..<2 {
            _ = await cache.listing(elsewhere) {
                asked += 1
                return "digest"
            }
        }
        #expect(asked == 3)
    }
}
