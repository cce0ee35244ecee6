/** Without the characters that XML 1.0 cannot hold, not even escaped: what a learner typed or a script printed may have them. */
export function xmlText(text: string): string {
  return text.replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
