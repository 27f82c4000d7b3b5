/// What the store refuses or fails at.
public struct StoreError: Error, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Another coordinator holds the cluster's lease.
        case leaseLost
        /// What is to be changed is not there.
        case notFound
        /// A row of that key exists already, or another rule of the schema is broken.
        case conflict
        /// What is stored cannot be read.
        case damaged
        /// Nobody would be left who may make operators.
        case lastAdmin
    }

    public let code: Code
    public let message: String
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
    public var description: String { message }
}
