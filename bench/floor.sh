#!/bin/bash
# What a lab costs at the least: `docker run`, and in it a client, a router and a server as plain network namespaces made by hand, until the
# client's curl is answered. No confinement, no recorder, nothing stored. Arguments: container's name, image, docker run's options.
set -eu
name=$1 image=$2
shift 2
docker run -d --name "$name" --network none "$@" "$image" sleep infinity >/dev/null
docker exec "$name" bash -ec '
mkdir -p /run
printf "#!/bin/sh\nprintf \"HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\n\"\n" >/run/answer
chmod +x /run/answer
for node in client router server; do ip netns add $node; ip -n $node link set lo up; done
ip link add eth0 netns client type veth peer name lan netns router
ip link add eth0 netns server type veth peer name wan netns router
ip -n client address add 10.9.1.2/24 dev eth0
ip -n router address add 10.9.1.1/24 dev lan
ip -n router address add 10.9.2.1/24 dev wan
ip -n server address add 10.9.2.2/24 dev eth0
ip -n client link set eth0 up
ip -n router link set lan up
ip -n router link set wan up
ip -n server link set eth0 up
ip -n client route add default via 10.9.1.1
ip -n server route add default via 10.9.2.1
ip netns exec router sysctl -qw net.ipv4.ip_forward=1
ip netns exec server socat TCP-LISTEN:80,fork,reuseaddr EXEC:/run/answer >/dev/null 2>&1 &
for tries in {1..500}; do ip netns exec client curl -s -o /dev/null http://10.9.2.2/ && exit; done; exit 1
'
