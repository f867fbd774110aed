#!/bin/bash
# Stands in for MinIO's two programs: `minio server FOLDER` and `mc ready local`.
set -eu

case "$(basename "$0")" in
mc)
  exec 3<>/dev/tcp/127.0.0.1/9000
  ;;
minio)
  keys=$(printf '{"accessKey": "%s", "secretKey": "%s"}' "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD")
  actions='["Admin", "Read", "Write", "List", "Tagging"]'
  printf '{"identities": [{"name": "root", "credentials": [%s], "actions": %s}]}' \
    "$keys" "$actions" >/tmp/identities.json
  weed=$(find /opt/wheel -name weed -type f | head -n 1)
  mkdir -p "$2"
  exec "$weed" -logdir=/tmp mini -dir="$2" -ip=127.0.0.1 -ip.bind=0.0.0.0 -s3.port=9000 \
    -s3.config=/tmp/identities.json -s3.iam=false -s3.port.iceberg=0 -s3.port.lance=0 \
    -webdav=false -admin.ui=false -master.telemetry=false
  ;;
esac
