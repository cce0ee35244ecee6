import type { GuideProblem } from './guide.ts';
import type { LabNames } from './lab-findings.ts';

const hooks: ReadonlySet<string> = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);
const fence = /^ {0,3}(`{3,}|~{3,})\s*(\S*)/;

/**
 * What a guide names that is not there: pictures, questions, headings, hooks. `files`: the paths of the lab's folder, from there. What a
 * parameter is part of is not judged.
 */
export function guideReferences(text: string, names: LabNames, files: ReadonlySet<string>): readonly GuideProblem[] {
  const problems: GuideProblem[] = [];
  const anchors = new Set([...names.questions].map((id) => `question-${id}`));
  const links: { readonly name: string; readonly line: number; readonly column: number }[] = [];
  let open: { readonly mark: string; readonly language: string } | null = null;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const at = (found: string) => ({ line: index + 1, column: Math.max(0, line.indexOf(found)) + 1 });
    const [, mark, language = ''] = fence.exec(line) ?? [];
    if (mark !== undefined && (open === null || mark.startsWith(open.mark))) {
      open = open === null ? { mark, language } : null;
      continue;
    }
    if (open !== null) {
      const word = line.trim();
      if (word === '' || word.includes('{{')) continue;
      if (open.language === 'question' && !names.questions.has(word)) {
        const known = [...names.questions].join(', ');
        problems.push({
          ...at(word),
          message: `There is no question '${word}'.`,
          expected: known ? `one of ${known}` : 'no question: the lab has none',
        });
      }
      if (open.language === 'packet-flow') {
        for (const hook of word.split(/[\s,]+/).filter((one) => !hooks.has(one.toUpperCase())))
          problems.push({
            ...at(hook),
            message: `There is no hook '${hook}'.`,
            expected: `one of ${[...hooks].join(', ')}`,
          });
      }
      continue;
    }
    const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading !== undefined) anchors.add(slugOf(heading));
    for (const [whole, picture, target = ''] of line
      .replaceAll(/`[^`]*`/g, blank)
      .matchAll(/(!?)\[[^\]]*\]\(\s*<?([^)\s>]*)/g)) {
      if (target.includes('{{')) continue;
      if (picture === '!' && !/^([a-z]+:)?\/\//i.test(target) && !files.has(decoded(target)))
        problems.push({
          ...at(whole),
          message: `There is no picture '${target}' in the lab's folder.`,
          expected: 'the path of a file there',
        });
      if (picture === '' && target.startsWith('#')) links.push({ name: decoded(target.slice(1)), ...at(whole) });
    }
  }
  for (const { name, line, column } of links) {
    // Headings of one name have a number behind it.
    if (anchors.has(name) || anchors.has(name.replace(/-\d+$/, ''))) continue;
    const expected = `one of ${[...anchors].map((one) => `#${one}`).join(', ')}`;
    problems.push({ line, column, message: `The guide has no heading or question '#${name}'.`, expected });
  }
  return problems;
}

const blank = (text: string): string => ' '.repeat(text.length);

/** The id under which a heading stands in the app: letters, digits and dashes (app/guide/markdown.ts). */
function slugOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return slug === '' ? 'section' : slug.slice(0, 80);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}
