import { z } from 'zod';

/** What lab.yaml says under `topology`. Names of nodes: lower case, at most 20 characters; they are host names too. */
export const nodeName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'a lower-case name of at most 20 letters, digits and dashes');
/** IFNAMSIZ less the NUL: 15 characters. */
export const interfaceName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/, 'an interface name of at most 15 characters');

export const linkName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'a lower-case name of at most 20 letters, digits and dashes');

const interfaceSchema = z.strictObject({
  /** Interfaces that name the same link are joined: two by a veth pair, more by a bridge in a namespace of its own. */
  link: linkName,
  /** CIDR texts, v4 and v6. */
  addresses: z.array(z.string()).default([]),
  mtu: z.int().min(68).max(65535).optional(),
});

const routeSchema = z.strictObject({
  /** 'default' or CIDR. */
  to: z.string(),
  via: z.string().optional(),
  dev: interfaceName.optional(),
});

const portSchema = z.int().min(1).max(65535);

/** Programs that Hookpoint runs in a node, confined as the node is. */
export const serviceSchema = z.discriminatedUnion('type', [
  /** Answers every request with who it is and whom it saw: JSON {node, port, client}. */
  z.strictObject({
    type: z.literal('http'),
    port: portSchema,
    text: z.string().optional(),
    address: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('tcp-echo'), port: portSchema, address: z.string().optional() }),
  z.strictObject({ type: z.literal('udp-echo'), port: portSchema, address: z.string().optional() }),
  /** Listens with a full backlog and accepts nothing: a connection attempt times out. */
  z.strictObject({ type: z.literal('tcp-mute'), port: portSchema, address: z.string().optional() }),
  /** A program of the lab's own, restarted never. */
  z.strictObject({ type: z.literal('command'), name: nodeName, command: z.string() }),
]);
export type Service = z.infer<typeof serviceSchema>;

export const nodeSchema = z.strictObject({
  interfaces: z.record(interfaceName, interfaceSchema).default({}),
  routes: z.array(routeSchema).default([]),
  /** net.* only. */
  sysctls: z.record(z.string().regex(/^net\./), z.union([z.string(), z.int()])).default({}),
  services: z.array(serviceSchema).default([]),
  /** Files to write before provisioning: path to text. */
  files: z.record(z.string().startsWith('/'), z.string()).default({}),
  /** A bash script that runs in the node, as root there, at each start of the node. */
  provision: z.string().optional(),
  memoryMegabytes: z.int().min(32).max(2048).default(128),
  pids: z.int().min(32).max(4096).default(200),
  /** /dev/net/tun in the node. */
  tun: z.boolean().default(false),
  /** cap_sys_admin, for labs that teach namespaces. The pack's permissions show it. */
  sysAdmin: z.boolean().default(false),
});
export type NodeSpec = z.infer<typeof nodeSchema>;

export const topologySchema = z.strictObject({
  nodes: z.record(nodeName, nodeSchema),
});
export type Topology = z.infer<typeof topologySchema>;

/** The interfaces on every link, links in the order in which lab.yaml first names them. Two are a wire's ends, any other number a segment's. */
export function linkEnds(topology: Topology): ReadonlyMap<string, readonly { node: string; interface: string }[]> {
  const ends = new Map<string, { node: string; interface: string }[]>();
  for (const [node, { interfaces }] of Object.entries(topology.nodes)) {
    for (const [name, { link }] of Object.entries(interfaces)) {
      ends.set(link, [...(ends.get(link) ?? []), { node, interface: name }]);
    }
  }
  return ends;
}
