#!/bin/bash
# The keys of the backup go into Elasticsearch's keystore, which is made anew with each container.
set -eu
cd /usr/share/elasticsearch
[ -e config/elasticsearch.keystore ] || bin/elasticsearch-keystore create
for name in access secret; do
  # without the line end that editors leave
  printf %s "$(cat "/run/secrets/s3-$name-key")" | bin/elasticsearch-keystore add --stdin --force "s3.client.default.${name}_key"
done
options=()
# a server of one's own answers by path, and seldom by a host name for each bucket
[ -z "$S3_ENDPOINT" ] || options+=("-Es3.client.default.endpoint=$S3_ENDPOINT" -Es3.client.default.path_style_access=true)
[ -z "$S3_REGION" ] || options+=("-Es3.client.default.region=$S3_REGION")
exec /usr/local/bin/docker-entrypoint.sh eswrapper "${options[@]}"
