/** A fenced block of a guide. */
export type GuideBlock =
  | { readonly kind: 'run'; readonly node: string; readonly code: string; readonly line: number }
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'packet-flow'; readonly hooks: readonly FlowHook[] }
  | { readonly kind: 'question'; readonly id: string };

const flowHooks = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const;
export type FlowHook = (typeof flowHooks)[number];

/**
 * What a fence is, by the words after its mark: `sh node=NAME` can be run there, `packet-flow` is the diagram with the hooks marked that its
 * lines name, `question` is the lab's question with the id in it. Everything else is code to read.
 */
export function blockOf(info: string, content: string, line: number): GuideBlock {
  const [language = '', ...attributes] = info.trim().split(/\s+/);
  const code = content.replace(/\n$/, '');
  const node = attributes.find((one) => one.startsWith('node='))?.slice('node='.length);
  if ((language === 'sh' || language === 'bash') && node) return { kind: 'run', node, code, line };
  if (language === 'packet-flow') {
    const words = code.toUpperCase().split(/[\s,]+/);
    return { kind: 'packet-flow', hooks: flowHooks.filter((hook) => words.includes(hook)) };
  }
  if (language === 'question') return { kind: 'question', id: code.trim() };
  return { kind: 'code', code };
}
