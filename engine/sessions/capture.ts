import { HookpointError } from '../contract/error.ts';
import { type Capture, type CaptureRequest, openCapture } from '../observe/capture.ts';
import { layout } from '../runtime/layout.ts';
import { planLinks, segmentNamespace, type Topology } from '../topology/index.ts';
import { findNode, lostOr, runningContainer } from './session.ts';
import type { SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

/** A link of the lab, or an interface of a node, one of the learner's own too. */
export type CapturePlace =
  | { readonly kind: 'link'; readonly link: string }
  | { readonly kind: 'interface'; readonly node: string; readonly interface: string };

export type CaptureOptions = Omit<CaptureRequest, 'places' | 'promiscuous'>;

/** Enough of a packet for what people look at. More of each makes the kernel's buffer hold fewer of them. */
export const usualSnaplen = 4000;
/** What tcpdump itself takes at most. */
export const largestSnaplen = 262_144;
/** Of pcap on disk, where nobody says otherwise. */
export const usualBytes = 64 * 1024 * 1024;

/** `LINK` or `NODE:INTERFACE`. NOT_FOUND where the lab has no such link or node. */
export function findPlace(session: SessionRow, text: string): CapturePlace {
  const at = text.indexOf(':');
  const { topology } = session.instance;
  if (at >= 0) {
    const node = findNode(session, text.slice(0, at));
    return { kind: 'interface', node, interface: checkedInterface(text.slice(at + 1)) };
  }
  const links = planLinks(topology, session.id).map(({ name }) => name);
  if (links.includes(text)) return { kind: 'link', link: text };
  throw new HookpointError('NOT_FOUND', `The lab ${session.pack}/${session.lab} has no link "${text}".`, {
    remedy: `Its links: ${links.join(', ')}. An interface is written NODE:INTERFACE: ${interfacesOf(topology).join(', ')}.`,
  });
}

const interfacesOf = (topology: Topology): readonly string[] =>
  Object.entries(topology.nodes).flatMap(([node, { interfaces }]) =>
    Object.keys(interfaces).map((name) => `${node}:${name}`),
  );

/** IFNAMSIZ less the NUL, and what the kernel refuses (dev_valid_name); a dash in front would be an option. */
function checkedInterface(name: string): string {
  if (/^[^\s/:-][^\s/:]{0,14}$/.test(name)) return name;
  throw new HookpointError('BAD_INPUT', `"${name}" cannot be an interface's name.`, {
    remedy: 'Write NODE:INTERFACE, as `ip link` in the node has it.',
  });
}

/** Begins a capture in the session's outer container: nothing of it is in a node. What `openCapture` throws; SESSION_LOST. */
export async function openSessionCapture(
  workspace: Workspace,
  session: SessionRow,
  place: CapturePlace,
  options: CaptureOptions,
  signal?: AbortSignal,
): Promise<Capture> {
  const container = await runningContainer(workspace.runtime, session, signal);
  const request = { ...options, ...whereOf(session, place) };
  return await openCapture(container, request, (error) => lostOr(session, container, error));
}

/** A wire is captured at one of its ends; a segment at its bridge, which passes everything once. */
function whereOf(session: SessionRow, place: CapturePlace): Pick<CaptureRequest, 'places' | 'promiscuous'> {
  if (place.kind === 'interface') {
    return { places: [[layout.netns(place.node), checkedInterface(place.interface)]], promiscuous: false };
  }
  const link = planLinks(session.instance.topology, session.id).find(({ name }) => name === place.link);
  if (!link) throw new HookpointError('NOT_FOUND', `The lab has no link "${place.link}".`);
  if (link.kind === 'segment') return { places: [[layout.netns(segmentNamespace), link.bridge]], promiscuous: true };
  return {
    places: link.ends.map((end) => [layout.netns(end.node), end.interface] as const),
    promiscuous: false,
  };
}

/** Which node has this MAC address, as the lab gave it out. */
export function macNames(session: SessionRow): ReadonlyMap<string, string> {
  const ends = planLinks(session.instance.topology, session.id).flatMap(({ ends: all }) => [...all]);
  return new Map(ends.map(({ mac, node }) => [mac, node]));
}
