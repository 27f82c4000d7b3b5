/// The files of `packaging/catalogue` by the entry's name and what a compose file calls them.
enum CatalogueFiles {
    static let all: [String: [UInt8]] = [
        "monitoring/dashboards.yml": PackageResources.monitoring_dashboards_yml,
        "monitoring/datasource.yml": PackageResources.monitoring_datasource_yml,
        "monitoring/docker-compose.yml": PackageResources.monitoring_compose_yml,
        "monitoring/prometheus.sh": PackageResources.monitoring_prometheus_sh,
        "monitoring/prometheus.yml": PackageResources.monitoring_prometheus_yml,
        "monitoring/rules.yml": PackageResources.monitoring_rules_yml,
        "monitoring/self.yml": PackageResources.monitoring_self_yml,
        "monitoring/skep.json": PackageResources.monitoring_skep_json,
        "monitoring/swarm.json": PackageResources.monitoring_swarm_json,
        "s3/console.yml": PackageResources.s3_console_yml,
        "s3/docker-compose.yml": PackageResources.s3_compose_yml,
        "s3/host.yml": PackageResources.s3_host_yml,
        "s3/minio.yml": PackageResources.s3_minio_yml,
        "traefik-acme/authority.yml": PackageResources.traefik_acme_authority_yml,
        "traefik-acme/docker-compose.yml": PackageResources.traefik_acme_compose_yml,
        "traefik-acme/http.yml": PackageResources.traefik_acme_http_yml,
        "traefik-acme/staging.yml": PackageResources.traefik_acme_staging_yml,
        "traefik-acme/tls.yml": PackageResources.traefik_acme_tls_yml,
        "traefik/docker-compose.yml": PackageResources.traefik_compose_yml,
        "traefik/dynamic.yml": PackageResources.traefik_dynamic_yml,
        "traefik/given.yml": PackageResources.traefik_given_yml,
        "traefik/self-signed.yml": PackageResources.traefik_self_signed_yml,
    ]
}
