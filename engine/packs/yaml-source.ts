import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Place, Problem } from '../contract/error.ts';
import { limits } from './limits.ts';

export type Path = readonly (string | number)[];

/** A YAML text as plain data, and where each part of it stands. */
export interface YamlSource {
  readonly file: string;
  /** Undefined where the text is no YAML; `problems` then says why. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The place of the value at a path, or of the nearest thing around it that exists. */
  placeOf(path: Path): Place;
  /** The place of the key that the path's last step names. */
  keyPlaceOf(path: Path): Place;
}

/** Reads YAML 1.2 and keeps positions. Duplicate keys, bombs of aliases and bottomless nesting are problems, never exceptions. */
export function parseYamlSource(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = (problems: Problem[]): YamlSource => {
    const start = { file, line: 1, column: 1 };
    return { file, value: undefined, problems, placeOf: () => start, keyPlaceOf: () => start };
  };
  const tooDeep = depthProblem(text, file);
  if (tooDeep) return broken([tooDeep]);

  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'error',
  });
  const problems: Problem[] = document.errors.map((error) => ({
    message: yamlMessage(error.code, error.message),
    place: place(error.pos[0]),
    expected: error.code === 'DUPLICATE_KEY' ? 'each key once in a mapping' : 'YAML 1.2',
  }));
  if (problems.some((problem) => problem.expected === 'YAML 1.2')) return broken(problems);
  problems.push(
    ...quoteReferences(document).map(({ text, at }) => ({
      message: `${text} without quotes is a mapping to YAML.`,
      place: place(at),
      expected: `'${text}', in quotes`,
    })),
  );

  const nodeAt = (path: Path) => findNode(document.contents, path, (alias) => alias.resolve(document));
  const startOf = (node: Node | null | undefined) => node?.range?.[0] ?? 0;
  const placeOf = (path: Path): Place => {
    for (let length = path.length; length >= 0; length--) {
      const found = nodeAt(path.slice(0, length));
      if (found) return place(startOf(found.value ?? found.key));
    }
    return place(0);
  };
  const keyPlaceOf = (path: Path): Place => {
    const found = nodeAt(path);
    return found?.key ? place(startOf(found.key)) : placeOf(path);
  };
  try {
    const value: unknown = document.toJS({ maxAliasCount: limits.yamlAliases });
    return { file, value, problems, placeOf, keyPlaceOf };
  } catch (error) {
    // The library throws ReferenceError for too many aliases or one without its anchor, and nothing else here.
    if (!(error instanceof ReferenceError)) throw error;
    return broken([
      ...problems,
      { message: error.message, place: place(0), expected: `at most ${limits.yamlAliases} uses of aliases` },
    ]);
  }
}

/** {{name}} without quotes is a mapping whose key is a mapping: named, and then read as what was meant, so that nothing else is said about it. */
function quoteReferences(document: Document): readonly { readonly text: string; readonly at: number }[] {
  const found: { text: string; at: number }[] = [];
  visit(document, {
    Map: (_, map) => {
      const inner = onlyKey(map);
      const name = isMap(inner) ? onlyKey(inner) : null;
      if (!isScalar(name)) return undefined;
      const text = `{{${String(name.value)}}}`;
      const scalar = new Scalar(text);
      scalar.range = map.range ?? null;
      found.push({ text, at: map.range?.[0] ?? 0 });
      return scalar;
    },
  });
  return found;
}

/** The key of a mapping { KEY } that has no value. */
function onlyKey(map: YAMLMap): unknown {
  const [pair, ...more] = map.items;
  const empty = pair?.value === null || (isScalar(pair?.value) && pair.value.value === null);
  return map.flow && pair && more.length === 0 && empty ? pair.key : null;
}

interface Found {
  readonly key: Node | null;
  readonly value: Node | null;
}

function findNode(root: Node | null, path: Path, resolve: (alias: Alias) => Node | undefined): Found | null {
  let found: Found = { key: null, value: root };
  for (const step of path) {
    let node = found.value;
    if (isAlias(node)) node = resolve(node) ?? null;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (!pair) return null;
      found = { key: pair.key as Node, value: (pair.value ?? null) as Node | null };
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step] as Node | undefined;
      if (!item) return null;
      found = { key: null, value: item };
    } else {
      return null;
    }
  }
  return found;
}

function yamlMessage(code: string, message: string): string {
  return code === 'DUPLICATE_KEY' ? 'This key stands twice in the same mapping.' : message;
}

/** Counts nesting before the parser does, which would recurse into it. Brackets in texts count too: 64 levels leave room. */
function depthProblem(text: string, file: string): Problem | null {
  let depth = 0;
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '\n') {
      line++;
      lineStart = index + 1;
      // Dashes and indentation nest as well: "- - - - x".
      const indent = /^(?:[ ]|- )*/.exec(text.slice(lineStart, lineStart + 4 * limits.yamlDepth + 8))?.[0] ?? '';
      if ((indent.match(/- /g)?.length ?? 0) > limits.yamlDepth) return tooDeepAt(file, line, 1);
    } else if (character === '[' || character === '{') {
      depth++;
      if (depth > limits.yamlDepth) return tooDeepAt(file, line, index - lineStart + 1);
    } else if (character === ']' || character === '}') {
      depth = Math.max(0, depth - 1);
    }
  }
  return null;
}

function tooDeepAt(file: string, line: number, column: number): Problem {
  return {
    message: 'The file nests too deeply.',
    place: { file, line, column },
    expected: `at most ${limits.yamlDepth} levels`,
  };
}
