/// What is sent to a Nuvla server, as its own clients send it (python-library, nuvla/api/resources/infra_service.py, credential.py).
enum NuvlaResources {
    struct Group: Encodable {
        var name: String
        var description: String
    }

    struct Service: Encodable {
        struct Template: Encodable {
            var href = "infrastructure-service-template/generic"
            /// `swarm` or `s3`.
            var subtype: String
            var endpoint: String
            var name: String
            var description: String
            /// The group's id.
            var parent: String
            var state = "STARTED"
        }
        var template: Template
    }

    struct SwarmCredential: Encodable {
        struct Template: Encodable {
            var href = "credential-template/infrastructure-service-swarm"
            /// The service's id.
            var parent: String
            /// PEM, all three.
            var ca: String
            var cert: String
            var key: String
        }
        var name: String
        var description: String
        var template: Template
    }

    struct S3Credential: Encodable {
        struct Template: Encodable {
            var href = "credential-template/infrastructure-service-minio"
            /// The service's id.
            var parent: String
            var accessKey: String
            var secretKey: String
            enum CodingKeys: String, CodingKey {
                case href, parent
                case accessKey = "access-key"
                case secretKey = "secret-key"
            }
        }
        var name: String
        var description: String
        var template: Template
    }
}
