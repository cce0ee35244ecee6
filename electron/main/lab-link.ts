/** Names of a pack and a lab as pack.yaml allows them, so that a link can name nothing else. Some systems add a slash at the end. */
const labLink = /^hookpoint:\/\/open\/([a-z0-9][a-z0-9-]{0,63})\/([a-z0-9][a-z0-9-]{0,63})\/?$/;

/**
 * `hookpoint://open/PACK/LAB` as the place in the app that offers to start this lab (`#/start/PACK/LAB`); null for everything else. Anybody
 * on the web can write such a link, so it opens a page and starts nothing by itself.
 */
export function placeOfLink(text: string): string | null {
  const [, pack, lab] = labLink.exec(text) ?? [];
  return pack === undefined || lab === undefined ? null : `#/start/${pack}/${lab}`;
}
