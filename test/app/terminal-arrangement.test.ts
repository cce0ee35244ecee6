import { describe, expect, test } from 'vitest';
import {
  type Arrangement,
  addTab,
  emptyArrangement,
  groupOf,
  groupsOf,
  isArrangement,
  removeTab,
  resizeSplit,
  showTab,
  splitGroup,
  type Tab,
  tabsOf,
} from '../../app/terminal/arrangement.ts';

const tab = (terminal: string): Tab => ({ terminal, node: `node-${terminal}` });

/** "[a* b | c*]": groups of tabs, the seen one starred; `|` beside, `/` below. */
function drawn(arrangement: Arrangement): string {
  if (arrangement.kind === 'group') {
    return arrangement.tabs.map(({ terminal }) => terminal + (terminal === arrangement.active ? '*' : '')).join(' ');
  }
  const parts = arrangement.parts.map(({ share, content }) => `${Math.round(share)}:${drawn(content)}`);
  return `[${parts.join(arrangement.direction === 'row' ? ' | ' : ' / ')}]`;
}

function groupAt(arrangement: Arrangement, terminal: string): string {
  const group = groupOf(arrangement, terminal);
  if (!group) throw new Error(`no ${terminal}`);
  return group.id;
}

function three(): Arrangement {
  const one = emptyArrangement();
  return ['a', 'b', 'c'].reduce<Arrangement>((all, name) => addTab(all, one.id, tab(name), true), one);
}

describe('an arrangement of terminals', () => {
  test('shows a tab that is added, or keeps the one that was seen', () => {
    expect(drawn(three())).toBe('a b c*');
    const all = three();
    expect(drawn(addTab(all, groupAt(all, 'a'), tab('d'), false))).toBe('a b c* d');
    expect(drawn(showTab(all, 'a'))).toBe('a* b c');
  });

  test('shows the neighbour of a tab that is closed', () => {
    expect(drawn(removeTab(three(), 'c'))).toBe('a b*');
    expect(drawn(removeTab(showTab(three(), 'a'), 'a'))).toBe('b* c');
    expect(drawn(removeTab(three(), 'a'))).toBe('b c*');
    expect(drawn(removeTab(three(), 'x'))).toBe('a b c*');
  });

  test('splits beside and below, and lets splits of one direction share their room', () => {
    const all = three();
    const beside = splitGroup(all, groupAt(all, 'a'), 'row', tab('d'));
    expect(drawn(beside)).toBe('[50:a b c* | 50:d*]');
    const more = splitGroup(beside, groupAt(beside, 'd'), 'row', tab('e'));
    expect(drawn(more)).toBe('[50:a b c* | 25:d* | 25:e*]');
    const below = splitGroup(more, groupAt(more, 'd'), 'column', tab('f'));
    expect(drawn(below)).toBe('[50:a b c* | 25:[50:d* / 50:f*] | 25:e*]');
  });

  test('gives the room of an empty group to the others, and has one group at the end', () => {
    const all = three();
    const beside = splitGroup(all, groupAt(all, 'a'), 'row', tab('d'));
    const below = splitGroup(beside, groupAt(beside, 'd'), 'column', tab('e'));
    expect(drawn(removeTab(below, 'd'))).toBe('[50:a b c* | 50:e*]');
    expect(drawn(removeTab(removeTab(below, 'd'), 'e'))).toBe('a b c*');
    const none = tabsOf(below).reduce((left, { terminal }) => removeTab(left, terminal), below);
    expect(groupsOf(none)).toHaveLength(1);
    expect(drawn(none)).toBe('');
  });

  test('keeps the sizes that panes were drawn to, and refuses those of another split', () => {
    const all = three();
    const beside = splitGroup(all, groupAt(all, 'a'), 'row', tab('d'));
    expect(drawn(resizeSplit(beside, beside.id, [70, 30]))).toBe('[70:a b c* | 30:d*]');
    expect(drawn(resizeSplit(beside, beside.id, [100]))).toBe('[50:a b c* | 50:d*]');
    expect(drawn(resizeSplit(beside, 'other', [70, 30]))).toBe('[50:a b c* | 50:d*]');
  });

  test('comes back from what was kept, and nothing else is taken for one', () => {
    const all = three();
    const kept: unknown = JSON.parse(JSON.stringify(splitGroup(all, groupAt(all, 'a'), 'column', tab('d'))));
    expect(isArrangement(kept)).toBe(true);
    for (const other of [null, 3, [], {}, { kind: 'group', id: 'x', tabs: [{}], active: null }, { kind: 'split' }]) {
      expect(isArrangement(other)).toBe(false);
    }
  });
});
