import createPurify from 'dompurify';

const purify = createPurify(window);

/** Everything that Markdown can become; whatever else got this far is dropped, and with it every handler and every address but these. */
const allowed = {
  ALLOWED_TAGS: [
    ...[
      'h1',
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'p',
      'ul',
      'ol',
      'li',
      'blockquote',
      'hr',
      'br',
      'em',
      'strong',
      's',
      'code',
      'pre',
    ],
    ...['a', 'img', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'div', 'span'],
  ],
  ALLOWED_ATTR: ['href', 'target', 'rel', 'title', 'alt', 'class', 'id', 'start'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: true,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
  RETURN_DOM_FRAGMENT: true,
} as const;

/** HTML of our own renderer as elements that can be shown, whatever a guide's author wrote. */
export function cleanFragment(html: string): DocumentFragment {
  return purify.sanitize(html, {
    ...allowed,
    ALLOWED_TAGS: [...allowed.ALLOWED_TAGS],
    ALLOWED_ATTR: [...allowed.ALLOWED_ATTR],
  });
}
