#!/usr/bin/env bash
# Redis 7.0.15 (Debian 12): WAIT speaks of what its own connection has written. On a connection that has written nothing it
# counts every replica that is connected, at once, even one that stands still: asked after a reconnect, or through a pool,
# it confirms what no replica has.
# For humtemp: with HUMTEMP_DURABILITY=replica the connection that wrote asks, and one that was made anew meanwhile writes
# before it asks.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -CONT "${replica:-}" 2>/dev/null || true; kill "${primary:-}" "${replica:-}" 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download --quiet=2 redis-server=5:7.0.15* redis-tools=5:7.0.15*
for package in ./*.deb; do dpkg -x "$package" package; done
port() { node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})"; }
bin=$folder/package/usr/bin
p=$(port)
"$bin/redis-server" --bind 127.0.0.1 --port "$p" --save '' >primary.log & primary=$!
r=$(port)
"$bin/redis-server" --bind 127.0.0.1 --port "$r" --save '' --replicaof 127.0.0.1 "$p" >replica.log & replica=$!
cli() { "$bin/redis-cli" -h 127.0.0.1 -p "$p" "$@"; }
for _ in $(seq 100); do cli info replication 2>/dev/null | grep -q 'state=online' && break; sleep 0.1; done
kill -STOP "$replica"
wrote=$(printf 'SET key value\nWAIT 1 500\n' | cli | tail -1)
another=$(cli WAIT 1 500)
has=$(kill -CONT "$replica"; sleep 0.5; "$bin/redis-cli" -h 127.0.0.1 -p "$r" GET key)
echo "the replica stands still: WAIT says $wrote on the connection that wrote, $another on a new one (later the replica has: $has)"
[ "$wrote" = 0 ] && [ "$another" = 1 ]
