#!/usr/bin/env bash
# Redis 7.0.15 (Debian 12): a replica with appendonly yes and appendfsync always confirms writes to WAIT that are in no file of
# it. From its full synchronization on until the rewrite that follows is over, its manifest names the files of before:
# killed in that time it comes back without anything, what it had confirmed included. The more data, the longer that takes; here
# rdb-key-save-delay makes it long.
# For humtemp: HUMTEMP_DURABILITY=replica survives the loss of the primary, not of the replica as well (docs/losses.md).
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${primary:-}" "${replica:-}" 2>/dev/null || true; wait 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download --quiet=2 redis-server=5:7.0.15* redis-tools=5:7.0.15*
for package in ./*.deb; do dpkg -x "$package" package; done
port() { node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})"; }
bin=$folder/package/usr/bin
cli() { "$bin/redis-cli" -h 127.0.0.1 -p "$@"; }
p=$(port)
"$bin/redis-server" --bind 127.0.0.1 --port "$p" --save '' --repl-diskless-sync-delay 0 >primary.log & primary=$!
until cli "$p" ping >/dev/null 2>&1; do sleep 0.1; done
for i in $(seq 300); do echo "SET key:$i x"; done | cli "$p" >/dev/null
r=$(port)
mkdir replica
start_replica() {
  "$bin/redis-server" --bind 127.0.0.1 --port "$r" --dir "$folder/replica" --save '' --appendonly yes --appendfsync always \
    --rdb-key-save-delay 20000 "$@" >>replica.log & replica=$!
}
start_replica --replicaof 127.0.0.1 "$p"
until cli "$r" info replication 2>/dev/null | grep -q 'master_link_status:up'; do sleep 0.05; done
confirmed=$(printf 'SET reading 21.5\nWAIT 1 2000\n' | cli "$p" | tail -1)
kill -KILL "$replica"; wait "$replica" 2>/dev/null || true
kill -KILL "$primary"; wait "$primary" 2>/dev/null || true
start_replica
until cli "$r" ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
reading=$(cli "$r" GET reading)
keys=$(cli "$r" DBSIZE)
echo "WAIT said that $confirmed replica has the write; after its kill and start the replica has '$reading', and $keys keys"
[ "$confirmed" = 1 ] && [ -z "$reading" ] && [ "$keys" = 0 ]
