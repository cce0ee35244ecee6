/**
 * Where things are inside a session's outer container. The image's own programs (images/lab-node) use the same paths.
 */
export const layout = {
  /** Persistent network namespaces, one a node, as `ip netns` names them. */
  netns: (node: string) => `/run/netns/${node}`,
  /** runc's state; each node is a container of its own name in it. */
  runc: '/run/hookpoint/runc',
  /** Bundles, upper layers: /run/hookpoint/nodes/NODE/... */
  node: (node: string) => `/run/hookpoint/nodes/${node}`,
  /** The session's volume: what the recorder writes, kept while the container exists. */
  volume: '/var/lib/hookpoint',
  /** The pipe that the recorder listens to. */
  recorder: '/run/hookpoint/recorder',
  timeline: '/var/lib/hookpoint/timeline.ndjson',
  /** Programs that Hookpoint brings to the outer container. */
  programs: '/usr/lib/hookpoint',
} as const;
