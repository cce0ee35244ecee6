/** Where a link of a guide leads. */
export type LinkTarget =
  | { readonly kind: 'outside'; readonly address: string }
  /** To a heading or a question of the guide. */
  | { readonly kind: 'within'; readonly name: string }
  | { readonly kind: 'nowhere'; readonly address: string };

/** Where an image of a guide comes from. */
export type ImageSource =
  | { readonly kind: 'lab'; readonly path: string }
  | { readonly kind: 'elsewhere'; readonly address: string }
  | { readonly kind: 'odd' };

/** Web pages, mail and the guide's own headings; everything else (javascript:, data:, files, other schemes) leads nowhere. */
export function linkTarget(href: string): LinkTarget {
  if (/^(?:https?:\/\/|mailto:)[^\s\u0000-\u001f]+$/i.test(href)) return { kind: 'outside', address: href };
  if (/^#./.test(href)) return { kind: 'within', name: decoded(href.slice(1)) };
  return { kind: 'nowhere', address: href };
}

/** A path in the lab's folder; nothing is ever loaded from elsewhere. */
export function imageSource(src: string): ImageSource {
  const path = decoded(src);
  if (/^(?:[a-z]+:)?\/\//i.test(path)) return { kind: 'elsewhere', address: src };
  if (path === '' || path.length > 300 || /^(?:[a-z][a-z0-9+.-]*:|[/\\#])/i.test(path)) return { kind: 'odd' };
  return { kind: 'lab', path };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}
