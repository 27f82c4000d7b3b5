-- What ksqlDB does for Nuvla: it addresses notifications, and puts a NuvlaEdge's name, description and tags to what the NuvlaEdge says of itself.
-- Names of topics and fields are what Nuvla's API server, subs-notifs and kafka-notify write and read. Every topic has one partition.

-- Where users want to be told: written by the API server, one record for each method.
CREATE TABLE NOTIFICATION_METHOD_T (
    id VARCHAR PRIMARY KEY,
    method VARCHAR,
    destination VARCHAR
) WITH (KAFKA_TOPIC='notification-method', PARTITIONS=1, VALUE_FORMAT='JSON');

-- What they are to be told: written by subs-notifs, with the methods of the subscription.
CREATE STREAM NOTIFICATIONS_S (
    id VARCHAR KEY,
    subs_id VARCHAR,
    subs_name VARCHAR,
    method_ids ARRAY<VARCHAR>,
    subs_description VARCHAR,
    template VARCHAR,
    trigger_resource_path VARCHAR,
    trigger_resource_name VARCHAR,
    resource_uri VARCHAR,
    resource_name VARCHAR,
    resource_description VARCHAR,
    metric VARCHAR,
    condition VARCHAR,
    condition_value VARCHAR,
    "VALUE" VARCHAR,
    timestamp VARCHAR,
    recovery BOOLEAN
) WITH (KAFKA_TOPIC='NOTIFICATIONS_S', PARTITIONS=1, VALUE_FORMAT='JSON');

-- One for each method.
CREATE STREAM NOTIFICATIONS_INDIVIDUAL_S AS
SELECT
    id,
    EXPLODE(method_ids) AS method_id,
    subs_id, subs_name, subs_description, template, trigger_resource_path, trigger_resource_name, resource_uri, resource_name,
    resource_description, metric, condition, condition_value, "VALUE", timestamp, recovery
FROM NOTIFICATIONS_S
EMIT CHANGES;

-- Each with its address.
CREATE STREAM NOTIFICATIONS_ADDRESSED_S AS
SELECT
    notif.id AS id,
    notif.method AS method,
    notif.destination AS destination,
    ni.subs_id AS subs_id,
    ni.subs_name AS subs_name,
    ni.subs_description AS subs_description,
    ni.template AS template,
    ni.trigger_resource_path AS trigger_resource_path,
    ni.trigger_resource_name AS trigger_resource_name,
    ni.resource_uri AS resource_uri,
    ni.resource_name AS resource_name,
    ni.resource_description AS resource_description,
    ni.metric AS metric,
    ni.condition AS condition,
    ni.condition_value AS condition_value,
    ni."VALUE" AS "VALUE",
    ni.timestamp AS timestamp,
    ni.recovery AS recovery
FROM NOTIFICATIONS_INDIVIDUAL_S AS ni
JOIN NOTIFICATION_METHOD_T AS notif ON notif.id = ni.method_id
EMIT CHANGES;

-- What kafka-notify sends, by kind.
CREATE STREAM NOTIFICATIONS_EMAIL_S WITH (KAFKA_TOPIC='NOTIFICATIONS_EMAIL_S') AS
SELECT * FROM NOTIFICATIONS_ADDRESSED_S WHERE LCASE(method) = 'email' EMIT CHANGES;

CREATE STREAM NOTIFICATIONS_SLACK_S WITH (KAFKA_TOPIC='NOTIFICATIONS_SLACK_S') AS
SELECT * FROM NOTIFICATIONS_ADDRESSED_S WHERE LCASE(method) = 'slack' EMIT CHANGES;

CREATE STREAM NOTIFICATIONS_MQTT_S WITH (KAFKA_TOPIC='NOTIFICATIONS_MQTT_S') AS
SELECT * FROM NOTIFICATIONS_ADDRESSED_S WHERE LCASE(method) = 'mqtt' EMIT CHANGES;

-- NuvlaEdges: written by the API server.
CREATE TABLE NUVLAEDGE_T (
    id VARCHAR PRIMARY KEY,
    name VARCHAR,
    description VARCHAR,
    tags ARRAY<VARCHAR>
) WITH (KAFKA_TOPIC='nuvlabox', PARTITIONS=1, VALUE_FORMAT='JSON');

-- What they say of themselves. Quoted names keep their letters: subs-notifs looks for these as they are, and for the others in capitals.
CREATE STREAM NUVLAEDGE_STATUS_S (
    id VARCHAR,
    parent VARCHAR,
    online BOOLEAN,
    "online-prev" BOOLEAN,
    network STRUCT<"default-gw" VARCHAR>,
    resources STRUCT<
        cpu STRUCT<"load" DOUBLE, "capacity" BIGINT>,
        ram STRUCT<"used" BIGINT, "capacity" BIGINT>,
        "net-stats" ARRAY<STRUCT<"interface" VARCHAR, "bytes-transmitted" BIGINT, "bytes-received" BIGINT>>,
        disks ARRAY<STRUCT<"used" BIGINT, "capacity" BIGINT, "device" VARCHAR>>>,
    "resources-prev" STRUCT<
        cpu STRUCT<"load" DOUBLE, "capacity" BIGINT>,
        ram STRUCT<"used" BIGINT, "capacity" BIGINT>,
        "net-stats" ARRAY<STRUCT<"interface" VARCHAR, "bytes-transmitted" BIGINT, "bytes-received" BIGINT>>,
        disks ARRAY<STRUCT<"used" BIGINT, "capacity" BIGINT, "device" VARCHAR>>>,
    "current-time" VARCHAR,
    updated VARCHAR,
    "nuvlabox-engine-version" VARCHAR,
    acl STRUCT<"owners" ARRAY<VARCHAR>, "view-data" ARRAY<VARCHAR>>
) WITH (KAFKA_TOPIC='nuvlabox-status', PARTITIONS=1, VALUE_FORMAT='JSON');

-- Both together, by the NuvlaEdge's own identifier: read by subs-notifs.
CREATE STREAM NUVLAEDGE_STATUS_REKYED_S AS
SELECT
    parent AS id,
    nb.name AS name,
    nb.description AS description,
    nb.tags AS tags,
    online,
    "online-prev" AS online_prev,
    network,
    resources,
    "resources-prev" AS resources_prev,
    "current-time" AS timestamp,
    updated AS nuvla_timestamp,
    "nuvlabox-engine-version" AS nuvlabox_engine_version,
    tlm.acl AS acl
FROM NUVLAEDGE_STATUS_S AS tlm
JOIN NUVLAEDGE_T AS nb ON tlm.parent = nb.id
PARTITION BY parent
EMIT CHANGES;
