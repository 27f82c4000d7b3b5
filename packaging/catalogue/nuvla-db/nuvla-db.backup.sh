#!/bin/bash
# Registers the bucket with Elasticsearch, which tries to write there, and the daily snapshot; then sleeps.
set -u
put() {
  curl -sS -m 120 -o /tmp/answer -w '%{http_code}' -X PUT -H 'Content-Type: application/json' --data-binary @- "http://es:9200/$1" >/tmp/code &&
    grep -q '^20' /tmp/code && return
  echo "$1 was refused:" "$(cat /tmp/code /tmp/answer 2>&1)" >&2
  return 1
}

until put _snapshot/nuvla <<END
{"type": "s3", "settings": {"bucket": "$S3_BUCKET", "base_path": "$S3_PATH"}}
END
do sleep 15; done

until put _slm/policy/nuvla <<END
{"schedule": "$SCHEDULE", "name": "<nuvla-{now/d}>", "repository": "nuvla", "config": {"include_global_state": true},
 "retention": {"expire_after": "$KEEP", "min_count": 3}}
END
do sleep 15; done

touch /tmp/done
exec sleep infinity
