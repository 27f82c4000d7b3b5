#!/bin/bash
# docker swarm init --force-new-cluster in a comment is fine
docker swarm init --force-new-cluster
docker network create -d overlay public
docker network inspect other || docker network create -d overlay other
NODE=$(docker node ls -q | head -n 1)
docker node update --label-add type=db "$NODE"
openssl genrsa -out session.key 2048
docker stack deploy -c docker-compose.yml app
docker stack rm app
docker network rm public
docker network inspect third || \
  docker network create -d overlay third
docker node ls -q \
  | head -1
if ! docker network inspect fourth; then
  echo "making it"
  echo "now"
  docker network create -d overlay fourth
fi
if ! docker network inspect fifth; then docker network create fifth; fi
docker network create -d overlay sixth
cd /srv && docker network create -d overlay seventh
[ -n "$EIGHTH" ] && docker network create -d overlay eighth
docker node ls | tail -n +2
nodes=($(docker node ls -q))
docker node update --label-add type=db ${nodes[0]}
for node in "${nodes[@]}"; do docker node inspect "$node"; done
mapfile -t all < <(docker node ls -q)
docker node update --label-add type=db "${all[1]}"
